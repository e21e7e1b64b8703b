"""Text from a file or an address is shown as text: no picture is loaded, no link made, nothing runs."""

LURE = "<img src=http://127.0.0.1:9/x onerror=\"document.title='owned'\">"
TEXTS = {
    "picture": LURE,
    "script": "<script>document.title='owned'</script>",
    "Markdown picture": "![x](http://127.0.0.1:9/x)",
    "Markdown link": "[x](http://127.0.0.1:9/x)",
    "bare address": "http://127.0.0.1:9/x",
    "bare host": "www.example.org",
    "mail": "someone@example.org",
    "bold": "**x** __y__ ~~z~~",
    "colour": ":red[x]",
    "icon": ":material/delete:",
    "smiley": ":wine_glass:",
    "formula": "$a^2$",
    "arrow": "a -> b >= c -- d",
    "heading": "x\n===",
    "code": "`x`",
    "item": "1. x",
    "entity": "&lt;b&gt; &amp;",
}


def test_text_from_the_address_is_shown_as_it_is(visit):
    app, wrong = visit(None), {}
    for name, text in TEXTS.items():
        app.open("data", **{"data.source": "file", "data.file": text, "data.sha256": "00"})
        for place in (
            app.page.get_by_test_id("stSidebar").get_by_test_id("stCaptionContainer").first,
            app.page.get_by_test_id("stAlert").get_by_test_id("stMarkdownContainer").first,
        ):
            markup = place.locator("a, img, h1, h2, code, em, del, li, [role=img], .katex").count()
            shown = " ".join(place.inner_text().replace("\u2060", "").split())
            given = " ".join(text.split())
            if markup or not (given in shown or repr(given) in shown or repr(text) in shown):
                wrong[name] = f"{given!r} became {place.inner_html()[:300]}"
        assert "owned" not in app.page.title()
    assert wrong == {}


def test_names_and_labels_from_a_file_are_shown_as_text(visit):
    names = (LURE, "![x](http://127.0.0.1:9/y) [l](http://127.0.0.1:9/z)", "<script>alert(1)</script>")
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    words = ("cherry plum leather smoke tannin", "lemon apple slate pear acid", "fig raisin walnut toffee nut")
    rows = [
        f'"{words[row % 3]} and then note{row % 13} glass{row % 7} palate nose finish <img src=http://127.0.0.1:9/t>'
        f' taste of a great many more words than any name of a class has here",{quoted[row % 3]}'
        for row in range(150)
    ]
    header = '"text <img src=http://127.0.0.1:9/c>","![label](http://127.0.0.1:9/d)"'
    app = visit("data?data.source=file&training.epochs=20")
    app.upload(name="<img src=x> ![a](b).csv", content="\n".join([header, *rows, ""]).encode())
    assert "in 3 classes" in app.sentences()
    for view in ("Lengths", "First rows", "Left out", "Classes"):
        app.tab(view)
    app.go("Forget")
    app.press("Train on <img src=x> ![a](b).csv (20 epochs)")
    for view in ("A review", "Classes", "Confusion", "Weights", "Reviews", "Relearn"):
        app.tab(view)
    app.tab("Classes")
    ticks = app.page.locator(".st-key-recall .ytick")
    for name in ("<img src=", "![x](http"):
        ticks.filter(has_text=name).first.wait_for()
    mark = app.page.locator(".st-key-recall .point").first.bounding_box()
    app.page.mouse.move(mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2)
    app.page.locator(".st-key-recall .hoverlayer .hovertext").first.wait_for()
    for title in ("Train", "Overview", "Data"):
        app.go(title)
        assert app.page.locator('[data-testid="stMain"] img, [data-testid="stSidebar"] img').count() == 0
        assert not app.page.locator('[data-testid="stSidebar"] [data-testid="stCaptionContainer"] a').count()


BAD = {
    "picture.csv": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8,
    "ragged.csv": b"review,style\none two three,red\none,two,three,four,five\n",
    "empty.csv": b"",
}


def test_a_bad_file_gets_a_sentence_and_what_was_stays(visit, reviews_file):
    app = visit("data?data.source=file")
    app.upload(reviews_file)
    kept = app.page.get_by_test_id("stText").first.inner_text()
    metrics, address = app.metrics(), app.url
    for name, content in BAD.items():
        app.upload(name=name, content=content)
        assert name in app.alerts()
        app.eventually(app.page.get_by_test_id("stText").first.inner_text, kept)
        assert (app.metrics(), app.url) == (metrics, address)
