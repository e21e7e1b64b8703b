"""The table of runs, which is a canvas."""


def choose_runs(app, *rows: int) -> None:
    """Tick rows of the table, counted from 0."""
    box = app.page.get_by_test_id("stDataFrame").locator("visible=true").first.bounding_box()
    for row in rows:
        app.page.mouse.click(box["x"] + 18, box["y"] + 34 + 33 * row + 16)
        app.settle()
