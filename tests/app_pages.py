"""What the tests of pages share: opening one with AppTest, using its controls, and what it says."""

import json
import re
from pathlib import Path

from streamlit.testing.v1 import AppTest

from forgetting.dashboard.ui.browser_component import component_name
from forgetting.dashboard.ui.escape import JOINER
from forgetting.dashboard.ui.live_fraction import KEY

APP = str(Path(__file__).parents[1] / "app.py")
PAGES = {
    "overview": "app.py",
    "story": "pages/story.py",
    "data": "pages/data.py",
    "train": "pages/train.py",
    "forget": "pages/forget.py",
    "layers": "pages/layers.py",
    "explain": "pages/explain.py",
    "relearn": "pages/relearn.py",
    "unlearn": "pages/unlearn.py",
    "runs": "pages/runs.py",
    "method": "pages/method.py",
}
SMALL_TRANSFORMER = {
    "model.kind": "transformer",
    "model.width": "8",
    "model.heads": "2",
    "model.feedforward": "8",
    "training.by_size": "false",
    "training.epochs": "1",
    "training.batch_size": "64",
}
QUICK = {"training.epochs": "6"}
HOSTILE = "![x](http://127.0.0.1:9/x) **bold** <img src=http://127.0.0.1:9/y> :red[hot] $a$ `code` # [l](http://a.b)"
UNESCAPED = re.compile(r"(?<!\\)(?:!\[x|\*\*bold|<img|:red\[|\$a|`code|\[l\]|\[l\\\])")
MARKS = {ord(sign): None for sign in ("\\", JOINER)}  # what `literal` adds
MARKDOWN = ("markdown", "caption", "warning", "error", "info", "success")


def app(page: str = "overview", **parameters: str) -> AppTest:
    """The app as a new visitor finds it who follows a link to `page`."""
    test = AppTest.from_file(APP, default_timeout=60)
    for name, text in parameters.items():
        test.query_params[name] = text
    return go(test, page)


def overview(**parameters: str) -> AppTest:
    """The whole Overview, as a visitor has it a moment after its first screen."""
    test = app(**parameters)
    test.session_state.session.seen = True
    return run(test)


def forget(**parameters: str) -> AppTest:
    """The Forget page, with the model that came with the program where the parameters do not ask for another one."""
    return app("forget", **parameters)


def go(test: AppTest, page: str) -> AppTest:
    return run(test.switch_page(PAGES[page]))


def run(test: AppTest) -> AppTest:
    test.run()
    assert not test.exception, test.exception
    return test


def live(test: AppTest) -> dict:
    """What the browser is given for the live fraction; empty where the page has none."""
    name = component_name(KEY)
    found = [item.proto for item in test.get("bidi_component") if item.proto.component_name == name]
    return json.loads(found[0].bytes) if found else {}


def slide(test: AppTest, fraction: float) -> AppTest:
    """Choose a fraction by the address, as AppTest has no browser that could move a slider of the app's own."""
    test.query_params["randomization.fraction"] = f"{fraction:g}"
    return run(test)


def metrics(test: AppTest) -> dict[str, str]:
    found = {metric.label: metric.value for metric in test.metric}
    if shown := live(test):
        found |= dict(zip((metric["label"] for metric in shown["metrics"]), shown["now"]["values"], strict=True))
    return found


def page_text(test: AppTest) -> str:
    """All sentences of a page."""
    kinds = (*MARKDOWN, "text")
    texts = [element.value.translate(MARKS) for kind in kinds for element in getattr(test, kind)]
    shown = live(test)
    return "\n".join([*([shown["now"]["sentence"], shown["note"]] if shown else []), *texts])


def button(test: AppTest, label: str):
    return next(found for found in test.button if found.label == label)


def press(test: AppTest, label: str) -> AppTest:
    button(test, label).click()
    return run(test)


def setting(name: str) -> str:
    return f"setting:{name}"


def upload(test: AppTest, content: bytes | str, name: str = "mine.csv") -> AppTest:
    data = content.encode() if isinstance(content, str) else content
    test.file_uploader[0].upload(name, data)
    return run(test)


def own_file(label: str = "red", column: str = "style", rows: int = 40) -> str:
    """A file of one's own: two classes that can be told apart, the first called `label`."""
    words = tuple(
        f"{word} and much more that can be said of a wine of this kind, at some length and in plain words"
        for word in ("cherry plum leather smoke tannin", "lemon apple slate pear acid")
    )
    quoted = '"' + label.replace('"', '""') + '"'
    lines = [f'"{words[row % 2]} note{row % 7} glass{row % 5}",{(quoted, "white")[row % 2]}' for row in range(rows)]
    return "\n".join([f'review,"{column}"', *lines]) + "\n"


def uploading(page_file: str = "", name: str = "mine.csv", **parameters: str) -> AppTest:
    test = app("data", **{"data.source": "file", **QUICK, **parameters})
    return upload(test, page_file or own_file(), name)
