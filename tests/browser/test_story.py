"""The guided story, from its first scene to its last."""

from forgetting.reporting.story import SCENES

BELOW = """selector => Math.max(...[...document.querySelectorAll(selector)].map(
    element => element.getBoundingClientRect().bottom))"""
ANSWER = '[data-testid="stRadio"], [data-testid="stAlert"], .st-key-answer'


def test_the_story_is_told_to_its_end(visit):
    """Question, choices and answer fit a projector; Back in the browser goes back a scene; leaving gives it back."""
    app = visit("forget?randomization.scheme=zero")
    app.page.get_by_test_id("stSidebar").get_by_role("link", name="Start here").click()
    for number, scene in enumerate(SCENES, start=1):
        app.page.get_by_role("heading", level=1, name=f"{number} of {len(SCENES)}").wait_for()
        assert app.parameters() == {"scene": str(number)}
        app.settle()
        assert not app.page.get_by_text("What this does not show").count()
        app.page.get_by_role("radiogroup").get_by_text(scene.choices[1].replace("N(0, 1)", "N(0,\xa01)")).click()
        app.page.get_by_text("What this does not show").wait_for(timeout=240_000)
        app.settle()
        assert app.page.evaluate(BELOW, ANSWER) <= 720, scene.name
        if number < len(SCENES):
            app.press("Next")
    app.page.go_back()
    app.page.get_by_role("heading", level=1, name=f"{len(SCENES) - 1} of").wait_for()
    app.settle()
    assert app.page.get_by_role("radio", checked=True).count() == 1
    app.go("Forget")
    assert app.parameters() == {"randomization.scheme": "zero"}
