"""What a visitor does in the app, and what they can see; nothing of a test's expectations but that nothing breaks."""

import os
import re
import shutil
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, WebSocketRoute
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from forgetting.dashboard.ui.escape import JOINER
from forgetting.dashboard.ui.navigation import PAGES

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
STILL = """quiet => new Promise((done, fail) => {
    const end = performance.now() + 40000
    let since = null
    const look = () => {
        const app = document.querySelector('[data-testid="stApp"]')
        const still = app && app.dataset.testScriptState === 'notRunning'
            && !document.querySelector('[data-testid="stSkeleton"], [data-testid="stAppSkeleton"]')
            && [...document.querySelectorAll('[data-testid="stBidiComponentIsolated"]')].every(
                live => live.shadowRoot?.querySelector('.sentence')?.textContent)
        since = still ? since ?? performance.now() : null
        if (since !== null && performance.now() - since >= quiet) done(true)
        else if (performance.now() > end) fail(new Error('the script is still running'))
        else setTimeout(look, 20)
    }
    look()
})"""
# Counts the runs of the script that have begun since the page was loaded.
RUNS = """() => {
    window.runs = 0
    new MutationObserver(changes => {
        window.runs += changes.filter(change => change.target.dataset.testScriptState === 'running').length
    }).observe(document, {subtree: true, attributeFilter: ['data-test-script-state']})
}"""
ANSWERED = """([runs, most]) => new Promise(done => {
    const end = performance.now() + most
    const look = () => window.runs > runs || performance.now() > end ? done(window.runs > runs) : setTimeout(look, 10)
    look()
})"""
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
METRICS = f"""() => Object.fromEntries([
    ...[...document.querySelectorAll('[data-testid="stMetric"]')].map(metric => [
        metric.querySelector('[data-testid="stMetricLabel"] p').innerText,
        metric.querySelector('[data-testid="stMetricValue"]').innerText.trim()]),
    ...[...{LIVE}?.querySelectorAll('.metrics > div') ?? []].map(metric => [
        metric.querySelector('.label').textContent, metric.querySelector('.number').textContent])])"""
ENDED = re.compile(r"(?:models|runs|variants)(?:, [\d,]+ of them taken over,)? in [\d.]+ s")  # of a study
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
        self.page.set_default_timeout(120_000)
        self.page.add_init_script(f"({RUNS})()")

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
        """Wait until the script has stood still for so many milliseconds."""
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
        """Click what makes the script run, and wait until it has: on a busy machine it begins late."""
        runs = self.page.evaluate("() => window.runs")
        place.click()
        self.page.evaluate(ANSWERED, [runs, 5_000])
        self.settle()

    def button(self, label: str) -> Locator:
        return self.page.get_by_test_id("stMain").get_by_role("button", name=label, exact=True)

    def start_study(self) -> None:
        """Start the study of the settings, where it has not begun by itself."""
        start = self.button("Start")
        ended = self.page.get_by_text(ENDED).locator("visible=true")
        start.or_(self.button("Stop")).or_(ended).first.wait_for(timeout=240_000)
        self.page.wait_for_timeout(300)
        if start.count():
            start.click()

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
        self.page.wait_for_function(AGREED, timeout=240_000)

    def upload(self, path: Path | None = None, *, name: str = "", content: bytes = b"") -> None:
        """Give the uploader a file, and wait until it is taken into the address or refused in an alert."""
        files = str(path) if path else {"name": name, "mimeType": "text/csv", "buffer": content}
        self.page.locator('[data-testid="stFileUploader"] input[type="file"]').set_input_files(files)
        self.page.wait_for_function(
            """name => new URLSearchParams(location.search).get('data.file') === name
                || [...document.querySelectorAll('[data-testid="stAlert"]')].some(
                    box => box.innerText.replaceAll('\\u2060', '').includes(name))""",
            arg=path.name if path else name,
        )
        self.settle(600)

    def choose_source(self, title: str) -> None:
        self.click(self.page.get_by_test_id("stButtonGroup").get_by_text(title, exact=True))

    def metrics(self) -> dict[str, str]:
        """The metrics on the page by their labels."""
        return self.page.evaluate(METRICS)

    def wait_for_metrics(self, other_than: dict[str, str]) -> dict[str, str]:
        """The metrics once they differ from those given."""
        for _ in range(100):
            found = self.metrics()
            if found and found != other_than:
                self.settle()
                return self.metrics()
            self.page.wait_for_timeout(50)
        raise AssertionError(f"the metrics stayed {other_than}")

    def bars(self, key: str) -> list[list[float]]:
        """The heights of the bars that a Plotly chart holds."""
        return self.page.evaluate(
            """key => document.querySelector(`.st-key-${key} .js-plotly-plot`).data
                .filter(trace => trace.type === 'bar').map(trace => [...trace.y])""",
            key,
        )

    def parameters(self) -> dict[str, str]:
        """The parameters in the address bar."""
        return dict(parse_qsl(urlsplit(self.page.url).query, keep_blank_values=True))

    def sentences(self) -> str:
        live = self.page.locator(".live .sentence")
        texts = [*live.all_inner_texts(), self.page.get_by_test_id("stMain").inner_text()]
        return "\n".join(texts).replace(JOINER, "").replace("\xa0", " ")

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
    return lost


def train(app, label: str = "") -> None:
    """Train the model of the link where no visitor has done so before."""
    button = app.page.get_by_test_id("stMain").locator(".st-key-train_now button").first
    if button.count():
        assert label in button.inner_text()
        button.click()
        button.wait_for(state="detached", timeout=240_000)
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
