"""The page Method: glossary, protocols, schemes, units, objectives and unlearning methods, each read from its table."""

import inspect
import re

import streamlit as st

from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.navigation import page_link
from forgetting.dashboard.ui.page import prepare_engine
from forgetting.model.settings import OBJECTIVES
from forgetting.paper.bibliography import write_citations
from forgetting.randomization.schemes import DETERMINISTIC, SCHEMES
from forgetting.randomization.units import UNITS
from forgetting.recipe.recipe import PROTOCOLS
from forgetting.reporting.changes import format_setting, name_setting
from forgetting.reporting.glossary import GLOSSARY, Term, explain, find_term
from forgetting.reporting.names import OBJECTIVE_NAMES, describe_scheme, format_method, format_scheme

ARXIV = re.compile(r"arXiv (\d{4}\.\d{5})")
PATH = ("CSV", "reviews", "split", "training", "model", "randomize", "model'", "metrics", "comparison", "chart")


def glossary_view() -> None:
    """The glossary by subject, or the terms that hold what is searched for."""
    wanted = st.text_input(
        "Search",
        key="method_search",
        placeholder="a word, such as chance",
        help=explain("Search"),
    )
    found = {
        subject: [term for term in terms if wanted.strip().casefold() in _all_of(term)]
        for subject, terms in GLOSSARY.items()
    }
    links = [f"[{subject}](#{subject.lower().replace(' ', '-')})" for subject, terms in found.items() if terms]
    st.markdown(" · ".join(links))
    for subject, terms in found.items():
        if terms:
            st.markdown(f"## {subject}")
            st.markdown("\n".join(map(_entry, terms)))
    if not any(found.values()):
        st.info("The glossary has no such word.")


def _all_of(term: Term) -> str:
    """All texts of a term, to search in."""
    return " ".join([term.name, term.short, term.long, write_citations(term.source), *term.used]).casefold()


def _entry(term: Term) -> str:
    """A term as an item of a list in Markdown."""
    return f"- **{literal(term.name)}**: {literal(term.short)}{_more(term)}"


def _more(term: Term, *sentences: str) -> str:
    """What is small below a term: its long meaning, its source, and further sentences."""
    source = f"Source: {_with_links(write_citations(term.source))}." if term.source else ""
    texts = [text for text in (literal(term.long), source, *sentences) if text]
    return f"  \n  :small[{' '.join(texts)}]" if texts else ""


def _with_links(text: str) -> str:
    """A text as Markdown in which each number of an arXiv paper is a link to it."""
    apart = ARXIV.split(" ".join(text.split()))  # texts and numbers in turns
    parts = [
        f"[arXiv {part}](https://arxiv.org/abs/{part})" if index % 2 else literal(part)
        for index, part in enumerate(apart)
    ]
    return re.sub(r"\) (?=\\?[.,;:)])", ")", " ".join(parts)).strip()


def protocols_view() -> None:
    """What the two protocols are, and each setting in which they differ."""
    st.markdown(
        "Every result follows one path, whose steps are functions of their inputs: "
        + " → ".join(PATH)
        + ". All settings together are the *recipe*, which the address of the page holds: the same recipe on the same "
        "file gives the same numbers on one machine."
    )
    st.markdown(
        "- **modern**: as the field does it now. The label is the class, the loss is the cross-entropy, and the "
        "trained model itself is randomized, layer by layer and by any fraction.\n- **published**: as the published "
        "experiment did it, to the letter. Each review is labelled with its own name, accuracy is bitwise, and the "
        "randomized model is a fresh one drawn from N(0, 1) and then trained as the original was."
    )
    modern, published = PROTOCOLS["modern"], PROTOCOLS["published"]
    names = [name for name in modern.leaves() if name != "protocol" and modern.value(name) != published.value(name)]
    rows = [
        f"| {literal(name_setting(name))} | "
        f"{' | '.join(literal(format_setting(name, each)) for each in (modern, published))} |"
        for name in names
    ]
    st.markdown("\n".join(["| setting | modern | published |", "|---|---|---|", *rows]))
    page_link("train", "Choose a protocol on the Train page")


def schemes_view() -> None:
    """What is done to a unit, what a unit is, and what training makes small."""
    st.markdown("## Schemes: what a randomized unit becomes")
    st.markdown(
        "\n".join(
            f"- **{literal(format_scheme(name))}**, in links and files `{name}`: {literal(describe_scheme(name))}."
            + _more(find_term(name), *["At 100 % all seeds give the same model."] * (name in DETERMINISTIC))
            for name in SCHEMES
        )
    )
    st.markdown("## Units: what is randomized as a whole")
    st.markdown("\n".join(f"- **{name}**: {literal(find_term(name).short)}" for name in UNITS))
    st.markdown("## Objectives: what training makes small")
    st.markdown(literal(find_term("objective").short + " " + find_term("objective").long))
    st.markdown("\n".join(f"- **{literal(OBJECTIVE_NAMES[name])}**, in {unit}" for name, unit in OBJECTIVES.items()))
    page_link("forget", "Randomize layers on the Forget page")
    page_link("layers", "Compare schemes on the Layers page")


def methods_view() -> None:
    """What each unlearning method does, with its source: the docstring of its function."""
    prepare_engine()
    from forgetting.reporting.unlearning import describe_method  # which imports torch
    from forgetting.unlearning.task import METHODS

    st.markdown(
        "Each method makes, of a trained model, one that is to be as if the forget set had never been seen. None of "
        "them looks at a validation review. All are compared with exact retraining, over several seeds."
    )
    for name, function in METHODS.items():
        _, _, more = inspect.getdoc(function).replace("`", "").partition("\n")
        st.markdown(
            f"- **{literal(format_method(name))}**, in links and files `{name}`: {literal(describe_method(name))}."
            + (f"  \n  :small[{_with_links(more)}]" if more.strip() else "")
        )
    page_link("unlearn", "Compare the methods on the Unlearn page")
