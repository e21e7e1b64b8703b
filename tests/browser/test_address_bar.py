"""The address bar holds the experiment: reload, Back and Forward, copied and impossible links."""

import pytest
from playwright.sync_api import expect

from forgetting.recipe.recipe import OPENING
from forgetting.recipe.url import encode_query


@pytest.fixture
def trained(visit):
    return visit("forget")


def test_reload_keeps_the_recipe_and_the_figures(trained):
    trained.slide("Home")
    trained.slide("ArrowRight", times=25)
    trained.click(trained.pill("fc2"))
    before, address = trained.metrics(), trained.url
    trained.page.reload()
    trained.settle()
    assert trained.url == address
    trained.eventually(trained.metrics, before)
    expect(trained.slider).to_have_value("25")
    expect(trained.pill("fc2")).to_have_attribute("aria-pressed", "false")


def test_back_and_forward_go_through_the_experiments(trained):
    states = [(trained.parameters(), trained.metrics())]
    for name in ("fc1", "fc2"):
        trained.pill(name).click()
        trained.wait_for_metrics(states[-1][1])
        states.append((trained.parameters(), trained.metrics()))
    assert len({str(state) for state in states}) == 3
    trained.settle(1100)  # for a second after a change an older address may be a late one
    moves = [trained.page.go_back] * 2 + [trained.page.go_forward] * 2
    for move, state in zip(moves, (*states[1::-1], *states[1:]), strict=True):
        move()
        trained.settle()
        trained.eventually(lambda: (trained.parameters(), trained.metrics()), state)


def test_back_between_pages_shows_the_page_that_was(trained):
    trained.click(trained.pill("fc1"))
    trained.go("Data")
    trained.page.go_back()
    trained.page.wait_for_function("document.title.startsWith('Forget')")
    trained.settle()
    trained.eventually(trained.parameters, {"randomization.layers": "fc2"})
    expect(trained.pill("fc1")).to_have_attribute("aria-pressed", "false")


def test_a_copied_link_gives_another_visitor_the_same_figures(visit, trained):
    trained.click(trained.pill("fc2"))
    trained.slide("PageDown")
    trained.page.get_by_test_id("stSelectbox").filter(has_text="Scheme").locator("input").click()
    trained.page.get_by_role("option", name="noise").click()
    trained.page.wait_for_function("location.search.includes('noise')")
    trained.settle()
    other = visit(trained.url.removeprefix(trained.address + "/"))
    assert other.metrics() == trained.metrics()
    other.eventually(lambda: other.bars("loss"), trained.bars("loss"))
    assert other.parameters() == trained.parameters()


def test_impossible_values_get_a_sentence_and_the_defaults(visit):
    app = visit("forget?randomization.fraction=7&training.epochs=soon&nonsense=1&randomization.seed=3")
    for name in ("randomization.fraction", "training.epochs", "nonsense"):
        assert name in app.alerts()
    app.eventually(app.parameters, {"randomization.seed": "3"})


def test_the_links_of_the_navigation_carry_the_experiment(trained):
    trained.click(trained.pill("fc1"))
    for title in ("Data", "Train", "Overview", "Forget"):
        trained.go(title)
        trained.eventually(trained.parameters, {"randomization.layers": "fc2"})


def test_a_first_visit_writes_its_opening_state_and_back_shows_it_again(visit):
    """The address before it was written stands for the same state, so that Back is no trap and no surprise."""
    app = visit("")
    opening = encode_query(OPENING)
    app.page.wait_for_function("location.search.includes('reinit')")
    assert app.parameters() == opening
    metrics = app.metrics()
    app.page.get_by_text("The published table, and what it hides").wait_for()  # drawn anew, with all it has
    app.settle(1100)
    for move in (lambda: None, app.page.go_back, app.page.reload):
        move()
        app.settle()
        app.eventually(lambda: (app.parameters(), app.metrics()), (opening, metrics))
    second = visit("")  # another tab
    second.page.wait_for_function("location.search.includes('reinit')")
    second.eventually(second.metrics, metrics)


def test_the_defaults_keep_their_meaning_on_each_page(visit):
    app = visit("forget")
    defaults = app.metrics()
    assert app.parameters() == {}

    def shows(parameters: dict[str, str]) -> None:
        app.settle()
        app.eventually(lambda: (app.parameters(), app.metrics()), (parameters, defaults))

    app.go("Overview")
    shows({"protocol": "modern"})
    app.page.reload()
    shows({"protocol": "modern"})
    app.go("Forget")
    shows({})
    app.page.go_back()
    app.page.wait_for_function("document.title.startsWith('Overview')")
    shows({"protocol": "modern"})
