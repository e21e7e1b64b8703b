"""From an upload to an unlearned class with the keyboard alone, and a ring around whatever has the focus."""

import re

from driver import ENDED, App

WORDS = {"red": "cherry plum leather smoke", "white": "lemon apple slate pear"}
STYLES = list(WORDS)
ROWS = [f"{WORDS[STYLES[row % 2]]} of lot {row} and glass{row % 7},{STYLES[row % 2]}" for row in range(60)]
CSV = "\n".join(["review,style", *ROWS, ""]).encode()
FILE = {"name": "by keyboard.csv", "mimeType": "text/csv", "buffer": CSV}
MOST_STEPS = 120
# What has the focus: its name, whether it has a ring, and whether it is a link, button or tab, which need one.
FOCUSED = """() => {
    let place = document.activeElement
    while (place?.shadowRoot?.activeElement) place = place.shadowRoot.activeElement
    const name = place.getAttribute('aria-label') || place.innerText || place.closest('label')?.innerText || ''
    const look = getComputedStyle(place)
    const ringed = look.outlineStyle !== 'none' || look.boxShadow !== 'none'
    return [name.replaceAll('\\u2060', '').trim(), ringed, place.matches('a, button, [role=tab]')]
}"""


def tab_to(app: App, start: str) -> None:
    """Press Tab until what has the focus has a name that starts so, behind its icon."""
    stops = []
    for _ in range(MOST_STEPS):
        app.page.keyboard.press("Tab")
        name, ringed, clickable = app.page.evaluate(FOCUSED)
        assert ringed or not clickable, f"{name!r} has the focus, and nobody sees it"
        stops.append(name.rpartition("\n")[2] if name.count("\n") < 3 else "the whole page")
        if stops[-1].startswith(start):
            return
    raise AssertionError(f"{start!r} is not reached: {stops}")


def press(app: App, *keys: str) -> None:
    """Press keys and Enter, which makes the script run."""
    for key in (*keys, "Enter"):
        app.page.keyboard.press(key)
    app.settle()


def test_from_an_upload_to_an_unlearned_class_by_keyboard(visit):
    app = visit("data?training.epochs=5&unlearning.methods=original,retrain,fine_tune&unlearning.seeds=1")
    app.page.on("filechooser", lambda chooser: chooser.set_files(FILE))
    tab_to(app, "Synthetic sample")
    press(app, "ArrowRight", "ArrowRight")
    tab_to(app, "Upload")
    app.page.keyboard.press("Enter")
    app.page.wait_for_function("location.search.includes('data.sha256')")
    app.settle()
    tab_to(app, "Train on by keyboard.csv")
    press(app)
    app.page.get_by_text("5 / 5").wait_for()
    app.settle()
    tab_to(app, "Unlearn")
    press(app)
    app.page.wait_for_url("**/unlearn?**")
    app.settle()
    tab_to(app, "Share")
    press(app, "ArrowRight")
    if app.button("Start").count():
        tab_to(app, "Start")
        press(app)
    app.page.get_by_text(re.compile(f"3 {ENDED.pattern}")).wait_for()
    app.settle()
    assert "forgotten" in app.sentences()
    assert app.parameters()["forget.by"] == "class"
