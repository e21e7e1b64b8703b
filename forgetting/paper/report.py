"""The report of an experiment: whatever was run, with baselines, limits, methods, references and how to do it again.

`report_html` and `report_pdf` write it as a file. No review's text is in it, and nothing in it is run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from forgetting.paper.blocks import Listing, Paragraph, PrintedChart, ReportSection, ResultTable, paragraph
from forgetting.paper.material import Material
from forgetting.paper.methods import describe_methods
from forgetting.paper.program import experiment_code, experiment_commands, studied_recipes
from forgetting.paper.prose import Prose, Sentence
from forgetting.paper.sections import comparison_section, data_section, limits_section, training_section
from forgetting.paper.study_sections import conclusions_of, study_section
from forgetting.recipe.recipe import PROTOCOLS
from forgetting.reporting.changes import describe_changes
from forgetting.tracking.environment import PROGRAM_VERSION, versions

REPORT_KINDS = ("html", "pdf")


@dataclass(frozen=True, eq=False)
class ExperimentReport:
    """A report, ready to be written.

    Attributes:
        title: Its title.
        sections: Its sections, from the summary on.
        methods: The methods text, whose works are the references.
        appendix: The sections after the references.
    """

    title: str
    sections: tuple[ReportSection, ...]
    methods: Prose
    appendix: tuple[ReportSection, ...]

    @property
    def charts(self) -> tuple[PrintedChart, ...]:
        """Its charts, whose drawings take most of the time that it is written in."""
        return tuple(block for section in self.sections for block in section.blocks if isinstance(block, PrintedChart))


def make_report(material: Material) -> ExperimentReport:
    """The report of an experiment with the results that are there."""
    found = [data_section(material)]
    if material.trained:
        found.append(training_section(material))
    if material.comparison:
        found.append(comparison_section(material))
    found += [study_section(kind, result, material) for kind, result in material.told_studies.items()]
    summary = ReportSection("Summary", (*_about(material), *conclusions_of(found)))
    title = f"What a network forgets: {material.split.reviews.report.source}"
    return ExperimentReport(
        title, (summary, *found, limits_section(material)), describe_methods(material), (_reproduction(material),)
    )


def report_bytes(report: ExperimentReport, kind: str) -> bytes:
    """A report as a file's content; kind: one of REPORT_KINDS."""
    if kind == "html":
        from forgetting.paper.report_html import report_html as write
    else:
        from forgetting.paper.report_pdf import report_pdf as write
    return write(report)


def _about(material: Material) -> tuple[Paragraph, ...]:
    recipe = material.recipe
    used = replace(recipe.for_training(), randomization=recipe.randomization)  # what studies did is told with them
    changes = describe_changes(PROTOCOLS[recipe.protocol], used, most=20)
    told = [f"Written by Learning to Forget {PROGRAM_VERSION}."]
    told.append(f"Settings that differ from the defaults: {changes}." if changes else "All settings are the defaults.")
    if material.model:
        told.append(f"The numbers are of {material.model}.")
    return (Paragraph(tuple(map(Sentence, told))),)


def _reproduction(material: Material) -> ReportSection:
    recipe, studies, model = material.without_review, studied_recipes(material), material.model
    named = f"The numbers are of {model}." if model else ""
    versions_used = (("Learning to Forget", PROGRAM_VERSION), *versions().items())
    return ReportSection(
        "How to do it again",
        (
            *paragraph(named),
            ResultTable("Versions", ("program", "version"), versions_used),
            Listing("All of it as Python", experiment_code(recipe, studies, model=model)),
            Listing("The comparison and the studies as commands", experiment_commands(recipe, studies, model=model)),
            Listing(f"The recipe (SHA-256 {recipe.hash})", json.dumps(recipe.to_dict(), sort_keys=True)),
        ),
    )
