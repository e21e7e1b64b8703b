"""The methods text: what was done, with sources, and no markup in what a file has named."""

import re
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
from paper_cases import APPROVED, HOSTILE, hostile_material, run_all, write_methods

from forgetting.experiment.pipeline import prepare
from forgetting.paper.bibliography import BIBLIOGRAPHY
from forgetting.paper.methods import describe_methods
from forgetting.paper.prose import Prose, Sentence, escape_latex
from forgetting.paper.study_methods import ATTRIBUTION_WORKS, SCHEME_SENTENCES, STUDY_METHODS
from forgetting.paper.unlearning_methods import METHOD_SENTENCES, METHOD_WORKS, UNTUNED
from forgetting.randomization.schemes import SCHEMES
from forgetting.recipe.forget import Unlearning
from forgetting.recipe.recipe import Recipe
from forgetting.tracking.run import RUN_KINDS, STUDY_TITLES
from forgetting.unlearning.task import METHODS


@pytest.mark.slow
def test_the_texts_are_the_approved_ones():
    assert write_methods() == APPROVED.read_text(encoding="utf-8")


@pytest.mark.slow
def test_each_study_is_told_of_and_cites_what_the_bibliography_has():
    prose = describe_methods(run_all())
    assert len(prose.paragraphs) == 5 + len(STUDY_TITLES) + 1
    cited = {key for keys in re.findall(r"\\citep\{([\w,]+)\}", prose.latex()) for key in keys.split(",")}
    assert cited == {work.key for work in prose.works} <= {*BIBLIOGRAPHY}
    none = describe_methods(replace(run_all(), comparison=None, studies={}, model="a model of someone else"))
    assert "The numbers are of a model of someone else." in none.plain()
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
    assert r"50\% \textbackslash{}of\_all\{\#1\} \textless{}b\textgreater{}\$x\textasciicircum{}2\$" in prose.latex()
    assert r"\<b\>\$x\^2\$\</b\> \@tango1998equivalence" in prose.markdown()
    assert "tango1998equivalence" not in {work.key for work in prose.works}


def test_a_name_begins_no_paragraph_and_latex_sets_each_sign():
    prose = Prose(((Sentence("The column “a\n\n# b\r- c\u2028d”."),),))
    assert prose.plain() == "The column “a # b - c d”."
    assert escape_latex("a < b | α") == r"a \textless{} b \textbar{} $\alpha$"
    assert unset_signs(APPROVED.read_text(encoding="utf-8")) == []


def unset_signs(text: str) -> list[str]:
    """Signs that pdfTeX does not know by itself: those beyond Latin letters."""
    return [sign for sign in escape_latex(text) if ord(sign) > 0x24F]


def test_what_is_said_of_unlearning_methods_is_of_those_alone():
    assert {*METHOD_SENTENCES} | {*UNTUNED} <= {*METHODS}
    told = {}
    for name in METHODS:
        recipe = Recipe(unlearning=Unlearning(methods=("original", "retrain", name), seeds=1))
        result = SimpleNamespace(
            recipe=recipe,
            reviews={"forget": 3, "retain": 5, "non_members": 4},
            frame=pd.DataFrame({"tow": [1.0]}),
            indistinguishable={},
            rows=(1,),
            planned=1,
        )
        told[name] = " ".join(sentence.text for sentence in STUDY_METHODS["unlearning"](result, None))
    trained = {name for name, text in told.items() if "was trained further for 20 epochs at a learning rate" in text}
    assert trained == {*METHODS} - {*UNTUNED}
    assert "at most 20 steps" in told["gradient_ascent"]
    assert unset_signs(" ".join(told.values())) == []
    assert all("over reviews;" in text for text in told.values())  # of one seed nothing tells how far models vary


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"min_df": 1}, "from the training reviews alone."),
        ({"min_df": 1, "max_words": 3}, "alone; all but the 3 most frequent were left out."),
        ({"max_words": 3}, "; words of fewer than 2 training reviews and all but the 3 most frequent were left out."),
    ],
)
def test_it_is_said_which_words_were_left_out(settings, said):
    material = hostile_material()
    recipe = replace(material.recipe, split=replace(material.recipe.split, **settings))
    split = prepare(recipe, material.split.reviews)
    assert said in describe_methods(replace(material, recipe=recipe, split=split)).plain()
