"""What leaves the app for a paper or a lecture: the methods in words, citations, a report, a notebook."""

from forgetting.core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "bibliography": ("BIBLIOGRAPHY", "Reference", "write_citations"),
        "collect": ("collect_material",),
        "material": ("Material",),
        "methods": ("describe_methods",),
        "notebook": ("notebook_bytes",),
        "program": ("experiment_code",),
        "prose": ("Prose", "Sentence"),
        "report": ("ExperimentReport", "make_report", "report_bytes"),
        "sections": ("comparison_section", "data_section", "training_section"),
        "study_sections": ("study_section",),
    },
)
