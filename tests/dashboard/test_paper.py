"""Words for a paper in “Save and cite”: of the visitor's model, comparison and studies, made when asked for."""

import pytest
from app_pages import HOSTILE, UNESCAPED, app, press, run, uploading
from study_pages import finished, mine, trained

from forgetting.core.numbers import NO_BREAK, format_share
from forgetting.dashboard.state.models import find_comparison
from forgetting.dashboard.views.paper import MADE
from forgetting.paper.bibliography import BIBLIOGRAPHY
from forgetting.recipe.url import decode_query

DOSE = {
    "training.epochs": "6",
    "sweep.doses": "0,1",
    "sweep.seeds": "2",
    "sweep.schemes": "reinit",
    "randomization.fraction": "0.4",
    "randomization.layers": "fc1",
}


def keep(test, part: str):
    """The dialog with a part open."""
    test.session_state.keep_view = part
    return run(test) if test.session_state.get("keeping", False) else press(test, "Save and cite")


@pytest.mark.slow
def test_the_words_are_of_what_the_session_has():
    test = trained(app("layers", **DOSE))
    finished(test, "dose")
    text = keep(test, "Methods").code[-1].value.replace(NO_BREAK, " ")
    assert "40 % of fc1 was randomized" in text
    assert "at 0 % and 100 % of the units" in text
    test.segmented_control(key="methods_written").set_value("LaTeX")
    assert r"\citep{zhang2022layers}" in run(test).code[-1].value
    keep(test, "Citations")
    assert test.code[-1].value == BIBLIOGRAPHY["forgetting"].bibtex.strip()
    press(keep(test, "Report"), "Make the report")
    key, content = test.session_state[MADE]
    comparison = find_comparison(mine(test).trained_model, mine(test).recipe.randomization)
    assert key[0] == "html"
    assert f"{format_share(comparison.randomized.scores['validation'].accuracy)} (" in content.decode()
    assert '<h2 id="dose-response">' in content.decode()
    test.pills(key="report_studies").set_value([])
    assert not any(found.label == "Download the report" for found in run(test).get("download_button"))
    assert "dose-response" not in press(test, "Make the report").session_state[MADE][1].decode()
    keep(test, "Notebook")
    assert any(found.proto.label == "Download the notebook" for found in test.get("download_button"))


@pytest.mark.slow
def test_words_of_a_published_model_beside_a_modern_recipe_are_of_its_own_randomization():
    """The session's settings have changed since: its randomization is none that the published protocol has."""
    test = trained(app("forget", protocol="published", **{"data.source": "sample"}))
    mine(test).recipe, mine(test).touched = (
        decode_query(DOSE | {"training.epochs": "9"})[0],
        True,
    )  # trained by no other test
    for part in ("Save", "Methods", "Report"):
        keep(run(test), part)
        assert not test.exception
    assert "40 % of fc1" not in keep(test, "Methods").code[-1].value.replace(NO_BREAK, " ")


def test_words_of_a_hostile_file_are_data():
    test = uploading(name=f"{HOSTILE[:60].replace('/', '')}.csv")
    for part in ("Methods", "Citations", "Report", "Notebook"):
        keep(test, part)
        assert not test.exception
        assert not any(UNESCAPED.search(found.value) for found in test.markdown)


def test_settings_that_do_not_fit_are_refused_in_words():
    test = keep(app("data", **{"data.min_reviews": "5000"}), "Methods")
    assert not test.code
    assert test.error
