"""What a visitor does in the app, and what they can see; nothing of a test's expectations but that nothing breaks."""

import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, WebSocketRoute, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from forgetting.dashboard.ui.escape import JOINER
from forgetting.dashboard.ui.navigation import PAGES

PATIENCE = 240  # seconds in which a browser and a server that share a slow machine are ready
expect.set_options(timeout=1_000 * PATIENCE)
PATHS = {page: "" if page == "overview" else page for page in PAGES}
TITLES = {page: title for page, (_, title, _) in PAGES.items()}
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PROBES = ("/_stcore/health", "/_stcore/host-config")  # asked for below a page's path first, on a cold deep link
# Follows the page's socket: whether a run is asked for that has not begun, or is under way, and how many have begun. On
# a busy machine the server answers late, and until then the page looks as if nothing were to come.
FOLLOW = f"""() => {{
    window.runs = {{begun: 0}}
    const kind = bytes => {{  // the field behind the hash and the metadata
        let at = 0
        while (at < bytes.length && bytes[at] >> 3 < 3) {{
            let size = 0, bits = 0
            do {{ size |= (bytes[++at] & 127) << bits; bits += 7 }} while (bytes[at] & 128)
            at += 1 + size
        }}
        return bytes[at] >> 3
    }}
    const sockets = new WeakSet()
    const send = WebSocket.prototype.send
    WebSocket.prototype.send = function (data) {{
        if (!sockets.has(this)) {{
            sockets.add(this)
            Object.assign(window.runs, {{socket: this, asked: false, under_way: false}})
            this.addEventListener('message', ({{data}}) => {{
                const field = kind(new Uint8Array(data))
                if (field === {ForwardMsg.NEW_SESSION_FIELD_NUMBER})
                    Object.assign(window.runs, {{asked: false, under_way: true, begun: window.runs.begun + 1}})
                else if (field === {ForwardMsg.SCRIPT_FINISHED_FIELD_NUMBER}) window.runs.under_way = false
            }})
        }}
        if (kind(data) === {BackMsg.RERUN_SCRIPT_FIELD_NUMBER}) window.runs.asked = true
        return send.call(this, data)
    }}
}}"""
# Looks are counted, not milliseconds, so that a busy page gets more time.
STILL = f"""quiet => new Promise((done, fail) => {{
    const end = performance.now() + {1_000 * PATIENCE}
    let looks = 0
    const look = () => {{
        const app = document.querySelector('[data-testid="stApp"]')
        const still = app && app.dataset.testScriptState === 'notRunning'
            && !window.runs.asked && !window.runs.under_way
            && !document.querySelector('[data-testid="stSkeleton"], [data-testid="stAppSkeleton"]')
            && [...document.querySelectorAll('[data-testid="stBidiComponentIsolated"]')].every(
                live => live.shadowRoot?.querySelector('.sentence')?.textContent)
        looks = still ? looks + 1 : 0
        if (looks * 20 > quiet) done(true)
        else if (performance.now() > end) fail(new Error('the script is still running'))
        else setTimeout(look, 20)
    }}
    look()
}})"""
# The live fraction lies in a shadow root of its own.
LIVE = """[...document.querySelectorAll('[data-testid="stBidiComponentIsolated"]')]
    .map(host => host.shadowRoot).find(root => root?.querySelector('input[type="range"]'))"""
AGREED = f"""() => {{
    const live = {LIVE}
    const native = document.querySelector('[data-testid="stSliderThumbValue"]')
    const held = new URLSearchParams(location.search).get('randomization.fraction') ?? '1'
    const shown = live ? Number(live.querySelector('input').value) : parseInt(native?.innerText)
    return shown === Math.round(100 * Number(held))
}}"""
TOLD = """([runs, name]) => {
    const plain = text => text.replaceAll('\\u2060', '').replace(/\\s+/g, ' ')
    const places = '[data-testid="stAlert"], [data-testid="stSidebar"] [data-testid="stCaptionContainer"]'
    return window.runs.begun > runs && (new URLSearchParams(location.search).get('data.file') === name
        || [...document.querySelectorAll(places)].some(box => plain(box.innerText).includes(plain(name).trim())))
}"""
# So many frames later whatever follows a size or a finger has followed.
FRAMES = """() => new Promise(done => {
    const wait = left => left ? requestAnimationFrame(() => wait(left - 1)) : done()
    wait(3)
})"""
METRICS = f"""() => Object.fromEntries([
    ...[...document.querySelectorAll('[data-testid="stMetric"]')].map(metric => [
        metric.querySelector('[data-testid="stMetricLabel"] p').innerText,
        metric.querySelector('[data-testid="stMetricValue"]').innerText.trim()]),
    ...[...{LIVE}?.querySelectorAll('.metrics > div') ?? []].map(metric => [
        metric.querySelector('.label').textContent, metric.querySelector('.number').textContent])])"""
CHANGED = f"""before => {{
    const found = ({METRICS})()
    return Object.keys(found).length && JSON.stringify(found) !== JSON.stringify(before)
}}"""
ENDED = re.compile(  # of a study
    r"(?:comparison|model|run|variant)s?(?:, [\d,]+ of them taken over,)? in (?:under )?[\d.]+\ss"
)
DRAWN = '[data-testid="stVegaLiteChart"]:visible'
LABELS = """chart => {
    const box = chart.getBoundingClientRect()
    const isSeen = text => text.textContent && text.getAttribute('opacity') !== '0'
    return [...chart.querySelectorAll('svg text')].filter(isSeen).map(text => {
        const own = text.getBoundingClientRect()
        return [text.textContent, own.left - box.left, own.top - box.top, own.right - box.left, own.bottom - box.top,
            box.width, box.height, text.closest('.role-axis-label, .role-mark, .role-legend')?.className.baseVal ?? '']
    })
}"""


def launch_chromium(playwright: Playwright) -> Browser:
    """Chromium: that of the environment variable CHROMIUM, else of the system, else Playwright's own."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    return playwright.chromium.launch(executable_path=path or None, args=QUIET)


class App:
    """One visitor with a window of their own."""

    def __init__(self, context: BrowserContext, address: str):
        self.address, self.context = address, context
        self.page: Page = context.new_page()
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.set_default_timeout(1_000 * PATIENCE)
        self.page.add_init_script(f"({FOLLOW})()")

    def _heard(self, message) -> None:
        place = message.location.get("url", "")
        if message.type == "error" and not ("404" in message.text and place.endswith(PROBES)):
            self.errors.append(f"{message.text} ({place})")

    def open(self, path: str = "", **parameters: str) -> None:
        """Follow a cold link."""
        query = "?" + urlencode(parameters) if parameters else ""
        self.page.goto(f"{self.address}/{path}{query}")
        self.settle()

    def settle(self, quiet: int = 300) -> None:
        """Wait until each run that was asked for is over, and none has begun for so many milliseconds."""
        self.page.wait_for_selector('[data-testid="stSidebarContent"]', state="attached")
        self.page.evaluate(STILL, quiet)

    def go(self, title: str) -> None:
        """Follow a link of the navigation."""
        self.page.get_by_test_id("stSidebar").get_by_role("link", name=title).click()
        page = next(page for page in PATHS if TITLES[page] == title)
        self.page.wait_for_url(re.compile(f"/{PATHS[page]}([?].*)?$"))
        self.page.wait_for_function("title => document.title.startsWith(title)", arg=title)
        self.settle()

    def press(self, label: str) -> None:
        self.click(self.button(label))

    def click(self, place: Locator) -> None:
        """Click what makes the script run, and wait until it has."""
        place.click()
        self.settle()

    def eventually(self, read: Callable[[], Any], expected: Any) -> None:
        """What is read becomes what is expected: a browser draws charts and styles after the script has ended."""
        end = time.monotonic() + PATIENCE
        while (found := read()) != expected and time.monotonic() < end:
            self.page.wait_for_timeout(50)
        assert found == expected, f"{found!r} instead of {expected!r}"

    def button(self, label: str) -> Locator:
        return self.page.get_by_test_id("stMain").get_by_role("button", name=label, exact=True)

    def start_study(self) -> None:
        """Start the study of the settings, where it has not begun by itself."""
        self.settle()
        start = self.button("Start")
        if start.count():
            start.click()
            start.wait_for(state="detached")

    def finish_study(self, parts: str = "") -> None:
        """Start the study where it waits for that, and wait until it is over. parts: how many models or runs it has."""
        self.start_study()
        self.button("Stop").wait_for(state="detached")
        self.page.get_by_text(re.compile(f"{parts} {ENDED.pattern}" if parts else ENDED.pattern)).locator(
            "visible=true"
        ).first.wait_for()
        self.settle()

    def pill(self, name: str) -> Locator:
        return self.page.get_by_test_id("stButtonGroup").get_by_role("button", name=name, exact=True)

    def tab(self, name: str) -> None:
        self.click(self.page.get_by_role("tab", name=name))

    @property
    def slider(self) -> Locator:
        return self.page.get_by_role("slider", name="Fraction randomized")

    def slide(self, keys: str, times: int = 1) -> None:
        """Press a key on the slider of the fraction, as fast as it goes."""
        self.slider.focus()
        for _ in range(times):
            self.page.keyboard.press(keys)
        self.agree()
        self.settle(600)

    def agree(self) -> None:
        """Wait until the address holds what the slider of the fraction shows.

        Runs that are overtaken leave the address behind, and on a busy machine the last of them comes late.
        """
        self.page.wait_for_function(AGREED)

    def upload(self, path: Path | None = None, *, name: str = "", content: bytes = b"") -> None:
        """Give the uploader a file, and wait until it is taken into the address or refused in an alert."""
        files = str(path) if path else {"name": name, "mimeType": "text/csv", "buffer": content}
        runs = self.page.evaluate("window.runs.begun")
        self.page.locator('[data-testid="stFileUploader"] input[type="file"]').set_input_files(files)
        # A browser hands a name on without its quotation marks.
        self.page.wait_for_function(TOLD, arg=[runs, (path.name if path else name).replace('"', "%22")])
        self.settle()

    def choose_source(self, title: str) -> None:
        self.click(self.page.get_by_test_id("stButtonGroup").get_by_text(title, exact=True))

    def metrics(self) -> dict[str, str]:
        """The metrics on the page by their labels."""
        return self.page.evaluate(METRICS)

    def wait_for_metrics(self, other_than: dict[str, str]) -> dict[str, str]:
        """The metrics once they differ from those given."""
        self.page.wait_for_function(CHANGED, arg=other_than)
        self.settle()
        return self.metrics()

    def bars(self, key: str) -> list[list[float]]:
        """The heights of the bars that a Plotly chart holds."""
        self.page.locator(f".st-key-{key} .js-plotly-plot .bars").first.wait_for(state="attached")
        return self.page.evaluate(
            """key => document.querySelector(`.st-key-${key} .js-plotly-plot`).data
                .filter(trace => trace.type === 'bar').map(trace => [...trace.y])""",
            key,
        )

    @property
    def url(self) -> str:
        """What stands in the address bar; `Page.url` hears of it later."""
        return self.page.evaluate("location.href")

    def parameters(self) -> dict[str, str]:
        """The parameters in the address bar."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    def sentences(self) -> str:
        live = self.page.locator(".live .sentence")
        texts = [*live.all_inner_texts(), self.page.get_by_test_id("stMain").inner_text()]
        return "\n".join(texts).replace(JOINER, "")

    def alerts(self) -> str:
        return "\n".join(self.page.get_by_test_id("stAlert").all_inner_texts()).replace(JOINER, "")

    def picture(self, path: Path) -> None:
        """Take a picture of the window, fonts and charts drawn, and the mouse away from them."""
        self.page.mouse.move(2, 2)
        self.page.evaluate("document.fonts.ready")
        self.page.wait_for_timeout(500)
        self.page.screenshot(path=path)

    def check(self) -> None:
        """No traceback, nothing broken on screen, no error in the console, and no request to another host."""
        text = self.page.locator("body").inner_text()
        assert "Traceback" not in text, text
        assert "Oh no" not in text, text
        assert not self.page.get_by_test_id("stException").count(), text
        assert self.errors == []
        hosts = {urlsplit(url).netloc for url in self.requests if not url.startswith(("data:", "blob:"))}
        assert hosts <= {urlsplit(self.address).netloc}


def lose_answer(page: Page) -> list[bytes]:
    """Lose the server's first answer where to send a file, as Streamlit does where a run begins just then.

    Returns:
        What is lost, once it is: one message.
    """
    lost = []

    def route(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            if not lost and ForwardMsg.FromString(message).WhichOneof("type") == "file_urls_response":
                lost.append(message)
            else:
                socket.send(message)

        server.on_message(pass_on)

    page.route_web_socket("**/_stcore/stream", route)
    page.add_init_script(f"({FOLLOW})()")  # which then follows the socket in between
    return lost


def train(app, label: str = "") -> None:
    """Train the model of the link where no visitor has done so before."""
    button = app.page.get_by_test_id("stMain").locator(".st-key-train_now button").first
    if button.count():
        assert label in button.inner_text()
        button.click()
        button.wait_for(state="detached")
    app.settle()


def search(app, label: str, text: str) -> None:
    """Pick the option that a search in a list of several finds."""
    box = app.page.get_by_test_id("stMultiSelect").filter(has_text=label).locator("input")
    box.click()
    box.fill(text)
    app.page.get_by_role("option", name=text, exact=True).click()
    app.page.keyboard.press("Escape")
    app.settle()


def misplaced(labels: list) -> list[str]:
    """Labels of a chart that are cut off by its edge, and labels of its axes that lie on one another."""
    cut = [
        f"{text!r} is cut off"
        for text, left, top, right, bottom, width, height, _ in labels
        if left < -1 or top < -1 or right > width + 1 or bottom > height + 1
    ]
    axes = [label for label in labels if "axis-label" in label[7]]
    over = [
        f"{one[0]!r} lies on {two[0]!r}"
        for place, one in enumerate(axes)
        for two in axes[place + 1 :]
        if min(one[3], two[3]) - max(one[1], two[1]) > 1 and min(one[4], two[4]) - max(one[2], two[2]) > 3
    ]
    return cut + over


def out_of_sight(places: dict[str, Locator]) -> dict[str, dict]:
    """Where things are that reach out of a projector's window."""
    boxes = {name: place.bounding_box() for name, place in places.items()}
    return {
        name: box
        for name, box in boxes.items()
        if not (box and box["y"] >= 0 and box["y"] + box["height"] <= 720 and box["x"] + box["width"] <= 1280)
    }
