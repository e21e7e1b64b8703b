"""The report of an experiment: whatever was run, with baselines, limits, methods, references and how to do it again.

`report_html` and `report_pdf` write it as a file. No review's text is in it, and nothing in it is run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from forgetting.paper.blocks import Listing, Paragraph, ReportSection, ResultTable
from forgetting.paper.material import STUDY_TITLES, Material
from forgetting.paper.methods import describe_methods
from forgetting.paper.prose import Prose, Sentence
from forgetting.paper.sections import comparison_section, data_section, limits_section, training_section
from forgetting.paper.study_sections import conclusions_of, study_section
from forgetting.recipe.explanation import ChosenReview
from forgetting.recipe.recipe import PROTOCOLS, Recipe
from forgetting.reporting.changes import describe_changes
from forgetting.tracking.code import PageState, command_line, find_page, python_code
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


def _about(material: Material) -> tuple[Paragraph, ...]:
    recipe = material.recipe
    used = replace(recipe.for_training(), randomization=recipe.randomization)  # what studies did is told with them
    changes = describe_changes(PROTOCOLS[recipe.protocol], used, most=20)
    told = [f"Written by Learning to Forget {PROGRAM_VERSION}."]
    told.append(f"Settings that differ from the defaults: {changes}." if changes else "All settings are the defaults.")
    if material.model:
        told.append(f"The figures are of {material.model}.")
    return (Paragraph(tuple(map(Sentence, told))),)


def without_review(recipe: Recipe) -> Recipe:
    """A recipe without the review that is looked at, whose text is no part of a report."""
    return replace(recipe, review=ChosenReview())


def shown_states(material: Material) -> dict[str, PageState]:
    """What a report is of, as states of the pages that show it, by title."""
    recipe = without_review(material.recipe)
    states = {}
    if material.comparison:
        states["Before and after randomizing"] = PageState(recipe, "forget", model=material.model)
    elif material.trained:
        states["Training"] = PageState(recipe, "train", model=material.model)
    else:
        states["Data"] = PageState(recipe, "data")
    for kind, result in material.told_studies.items():
        _, used, _ = result.export()
        page, tab = find_page(kind)
        states[STUDY_TITLES[kind]] = PageState(without_review(used), page, tab, model=material.model)
    return states


def _reproduction(material: Material) -> ReportSection:
    recipe = without_review(material.recipe)
    blocks = [
        ResultTable("Versions", ("program", "version"), (("Learning to Forget", PROGRAM_VERSION), *versions().items())),
    ]
    for title, state in shown_states(material).items():
        blocks += [
            Listing(f"{title}: Python", python_code(state)),
            Listing(f"{title}: command", command_line(state)),
        ]
    text = json.dumps(recipe.to_dict(), sort_keys=True)  # in one line, which a page breaks
    blocks.append(Listing(f"The recipe (SHA-256 {recipe.hash})", text))
    return ReportSection("How to do it again", tuple(blocks))
