"""The methods text: what was done, with sources, and no markup in what a file has named."""

import re
from dataclasses import replace

import pytest
from paper_cases import APPROVED, HOSTILE, hostile_material, run_all, write_methods

from forgetting.paper.bibliography import BIBLIOGRAPHY
from forgetting.paper.material import STUDY_TITLES
from forgetting.paper.methods import describe_methods
from forgetting.paper.study_methods import ATTRIBUTION_WORKS, METHOD_WORKS, SCHEME_SENTENCES, STUDY_METHODS
from forgetting.randomization.schemes import SCHEMES
from forgetting.tracking.run import RUN_KINDS


@pytest.mark.slow
def test_the_texts_are_the_approved_ones():
    assert write_methods() == APPROVED.read_text(encoding="utf-8")


@pytest.mark.slow
def test_each_study_is_told_of_and_cites_what_the_bibliography_has():
    prose = describe_methods(run_all())
    assert len(prose.paragraphs) == 5 + len(STUDY_TITLES) + 1
    cited = {key for keys in re.findall(r"\\citep\{([\w,]+)\}", prose.latex()) for key in keys.split(",")}
    assert cited == {work.key for work in prose.works} <= {*BIBLIOGRAPHY}
    none = describe_methods(replace(run_all(), comparison=None, studies={}))
    assert len(none.paragraphs) == 5
    assert "randomized" not in none.plain()


def test_every_kind_of_study_scheme_and_work_is_known():
    assert {*STUDY_METHODS} == {*STUDY_TITLES} == {*RUN_KINDS} - {"training", "comparison", "reproduction", "own_model"}
    assert {*SCHEME_SENTENCES} == {*SCHEMES}
    works = [*ATTRIBUTION_WORKS.values(), *METHOD_WORKS.values()]
    assert all(key in BIBLIOGRAPHY for keys in works for key in keys)


def test_what_a_file_is_named_is_no_markup():
    prose = describe_methods(hostile_material())
    assert HOSTILE in prose.plain()
    assert r"50\% \textbackslash{}of\_all\{\#1\} <b>\$x\textasciicircum{}2\$</b>" in prose.latex()
    assert r"\<b\>\$x\^2\$\</b\> \@tango1998equivalence" in prose.markdown()
    assert "tango1998equivalence" not in {work.key for work in prose.works}
