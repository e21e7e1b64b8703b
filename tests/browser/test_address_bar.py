"""The address bar holds the experiment: reload, Back and Forward, copied and impossible links."""

import pytest

from forgetting.recipe.recipe import OPENING
from forgetting.recipe.url import encode_query


@pytest.fixture
def trained(visit):
    return visit("forget")


def test_reload_keeps_the_recipe_and_the_figures(trained):
    trained.slide("Home")
    trained.slide("ArrowRight", times=25)
    trained.pill("fc2").click()
    trained.settle()
    before, address = trained.metrics(), trained.page.url
    trained.page.reload()
    trained.settle()
    assert trained.page.url == address
    assert trained.metrics() == before
    assert trained.slider.input_value() == "25"
    assert trained.pill("fc2").get_attribute("aria-pressed") == "false"


def test_back_and_forward_go_through_the_experiments(trained):
    states = [(trained.parameters(), trained.metrics())]
    for name in ("fc1", "fc2"):
        trained.pill(name).click()
        trained.wait_for_metrics(states[-1][1])
        states.append((trained.parameters(), trained.metrics()))
    assert len({str(state) for state in states}) == 3
    trained.settle(1100)  # for a second after a change an older address may be a late one
    for parameters, metrics in (states[1], states[0]):
        trained.page.go_back()
        trained.settle(600)
        assert (trained.parameters(), trained.metrics()) == (parameters, metrics)
    for parameters, metrics in states[1:]:
        trained.page.go_forward()
        trained.settle(600)
        assert (trained.parameters(), trained.metrics()) == (parameters, metrics)


def test_back_between_pages_shows_the_page_that_was(trained):
    trained.pill("fc1").click()
    trained.settle()
    trained.go("Data")
    trained.page.go_back()
    trained.page.wait_for_function("document.title.startsWith('Forget')")
    trained.settle(600)
    assert trained.parameters() == {"randomization.layers": "fc2"}
    assert trained.pill("fc1").get_attribute("aria-pressed") == "false"


def test_a_copied_link_gives_another_visitor_the_same_figures(visit, trained):
    trained.pill("fc2").click()
    trained.settle()
    trained.slide("PageDown")
    trained.page.get_by_test_id("stSelectbox").filter(has_text="Scheme").locator("input").click()
    trained.page.get_by_role("option", name="noise").click()
    trained.settle()
    assert trained.parameters()["randomization.scheme"] == "noise"
    other = visit(trained.page.url.removeprefix(trained.address + "/"))
    assert other.metrics() == trained.metrics()
    assert other.bars("loss") == trained.bars("loss")
    assert other.parameters() == trained.parameters()


def test_restored_layers_stay_restored_in_a_copied_link(visit, trained):
    trained.press("Restore")
    other = visit(trained.page.url.removeprefix(trained.address + "/"))
    assert "Nothing is randomized" in other.sentences()


@pytest.mark.parametrize("path", ["", "forget"])
def test_impossible_values_get_a_sentence_and_the_defaults(visit, path):
    app = visit(path + "?randomization.fraction=7&training.epochs=soon&nonsense=1&randomization.seed=3")
    for name in ("randomization.fraction", "training.epochs", "nonsense"):
        assert name in app.alerts()
    assert app.parameters() == {"randomization.seed": "3"}


def test_the_links_of_the_navigation_carry_the_experiment(trained):
    trained.pill("fc1").click()
    trained.settle()
    for title in ("Data", "Train", "Overview", "Forget"):
        trained.go(title)
        assert trained.parameters() == {"randomization.layers": "fc2"}


def test_a_first_visit_writes_its_opening_state_and_back_shows_it_again(visit):
    """The address before it was written stands for the same state, so that Back is no trap and no surprise."""
    app = visit("")
    opening = encode_query(OPENING)
    app.page.wait_for_function("location.search.includes('reinit')")
    assert app.parameters() == opening
    metrics = app.metrics()
    app.page.get_by_text("The published table, and what it hides").wait_for()  # drawn anew, with all it has
    app.settle(1100)
    assert (app.parameters(), app.metrics()) == (opening, metrics)
    app.page.go_back()
    app.settle(600)
    assert (app.parameters(), app.metrics()) == (opening, metrics)
    app.page.reload()
    app.settle()
    assert (app.parameters(), app.metrics()) == (opening, metrics)
    second = visit("")  # another tab
    second.page.wait_for_function("location.search.includes('reinit')")
    assert second.metrics() == metrics


def test_the_defaults_keep_their_meaning_on_each_page(visit):
    app = visit("forget")
    defaults = app.metrics()
    assert app.parameters() == {}
    app.go("Overview")
    assert app.parameters() == {"protocol": "modern"}
    assert app.metrics() == defaults
    app.page.reload()
    app.settle()
    assert (app.parameters(), app.metrics()) == ({"protocol": "modern"}, defaults)
    app.go("Forget")
    assert (app.parameters(), app.metrics()) == ({}, defaults)
    app.page.go_back()
    app.page.wait_for_function("document.title.startsWith('Overview')")
    app.settle(600)
    assert (app.parameters(), app.metrics()) == ({"protocol": "modern"}, defaults)
