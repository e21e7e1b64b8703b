"""A review of the visitor's own in the browser: it follows the slider, and an edit is answered without a jump."""

from playwright.sync_api import expect
from test_looks import AXE, WATCH, faults_of_access


def test_a_typed_review_follows_the_slider_and_can_be_read_by_keyboard(visit):
    app = visit("?randomization.layers=fc1&randomization.scheme=reinit&randomization.fraction=0.3")
    own = app.page.locator(".own")
    expect(own.locator(".sentence")).not_to_be_empty()
    app.settle()
    own.locator("textarea").fill("A dry white with lemon <b>and</b> flumpelig")
    expect(own.locator("section.before .unknown")).to_have_text(["flumpelig"])
    app.settle(1500)  # after which all fractions are there
    app.page.evaluate(WATCH)
    app.slider.focus()
    for _ in range(3):
        app.page.keyboard.press("ArrowRight")
    own.scroll_into_view_if_needed()
    expect(own.locator("section.after .title")).to_contain_text("Randomized by 33\u00a0%")
    app.settle()
    assert app.page.evaluate("window.watched")["shift"] == 0
    own.locator("section.before .word").first.focus()
    app.page.keyboard.press("ArrowRight")
    word = own.locator("section.before .word:focus")
    expect(own.locator(".readout")).to_contain_text(f"{word.inner_text().lower()}: original ")
    app.page.evaluate(AXE.read_text(encoding="utf-8"))
    app.eventually(lambda: faults_of_access(app), [])
    assert "review" not in app.page.url


def test_half_a_character_in_pasted_lines_becomes_the_sign_for_one_that_is_missing(visit):
    app = visit("forget?randomization.fraction=0.3")
    app.tab("A review")
    app.page.get_by_text("Many reviews at once").click()
    lines = app.page.get_by_role("textbox", name="One review a line")
    lines.focus()
    app.page.evaluate("document.execCommand('insertText', false, 'plum \\ud83d cherry')")
    lines.blur()
    app.settle()
    expect(lines).to_have_value("plum \ufffd cherry")
    expect(app.page.get_by_text("Reviews that change their predicted class")).to_be_visible()
