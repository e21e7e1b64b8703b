"""The guided story, from its first scene to its last."""

from playwright.sync_api import expect

from forgetting.reporting.story import SCENES

LOWEST = """() => Math.max(...[...document.querySelectorAll('[data-testid="stRadio"], .st-key-answer')].map(
    element => element.getBoundingClientRect().bottom))"""


def test_the_story_is_told_to_its_end(visit):
    """Question, choices and answer fit a projector. Back goes back a scene, and leaving gives the experiment back."""
    app = visit("forget?randomization.scheme=zero")
    heading = app.page.get_by_role("heading", level=1)
    answer, start = app.page.get_by_text("What this does not show"), app.button("Start")
    app.go("Start here")
    for number, scene in enumerate(SCENES, start=1):
        heading.filter(has_text=f"{number} of {len(SCENES)}").wait_for()
        answer.wait_for(state="detached")
        app.settle()  # the scene before is gone
        app.page.get_by_test_id("stRadio").get_by_text(scene.choices[1]).click()
        answer.or_(start).first.wait_for()
        if start.count():  # where the machine is slow
            start.click()
        answer.wait_for()
        app.settle()
        app.eventually(lambda: app.page.evaluate(LOWEST) <= 720, True)
        app.eventually(app.parameters, {"scene": str(number)})
        if number < len(SCENES):
            app.button("Next").click()
    app.page.go_back()
    heading.filter(has_text=f"{len(SCENES) - 1} of {len(SCENES)}").wait_for()
    expect(app.page.get_by_role("radio", checked=True)).to_have_count(1)
    app.settle()
    app.go("Forget")
    app.eventually(app.parameters, {"randomization.scheme": "zero"})
