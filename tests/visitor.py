"""A visitor of the app without a browser: speaks Streamlit's protocol over a WebSocket, and knows what the page shows.

It does what a browser does as far as the server can tell: it carries the values of the widgets and the address along
with each rerun, names the messages that it still has so that the server need not send them again, asks for fragments
to run again when they want it, and drops what a run has not drawn. It draws nothing and reads no chart.
"""

import asyncio
import http.client
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileUploaderState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.NumberInput_pb2 import NumberInput
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from forgetting.dashboard.ui.browser_component import component_name
from forgetting.dashboard.ui.live_fraction import KEY
from forgetting.dashboard.ui.own_review import KEY_OF_REVIEW

SIDEBAR = 1  # first number of the paths of what the sidebar holds
COOKIE = "_streamlit_xsrf"
LIVE, REVIEW = component_name(KEY), component_name(KEY_OF_REVIEW)  # the app's own components
WAITING = re.compile(r"^(:material/\w+:)?[\W_]*Waiting\b")  # the beginning of a text for one who waits in the queue
TEXTS = {"markdown": "body", "text": "body", "alert": "body", "progress": "text", "spinner": "text", "heading": "body"}
WIDGETS = ("slider", "number_input", "checkbox", "selectbox", "text_input", "button_group")
READ_KINDS = {
    *TEXTS,
    *WIDGETS,
    "metric",
    "bidi_component",
    "button",
    "file_uploader",
    "page_link",
    "exception",
}  # of no other the message is read
PATIENCE = 120  # seconds to wait for the app at the most, unless a call names another limit


class VisitError(Exception):
    """The app did not do what the visitor waited for, or does not show what they look for."""


@dataclass(slots=True)
class Node:
    """A part of the page. run: the run that drew it. element: its message, where its kind is read."""

    kind: str
    run: str
    fragment: str
    element: Any = None


@dataclass(slots=True)
class CachedMessage:
    """A message that the server may refer to instead of sending it again, as far as it is read. count: of runs."""

    kind: str
    element: Any
    fragment: str
    count: int


class Visitor:
    """One visitor with one tab.

    errors: whatever went wrong, as sentences. query: what stands in the address bar. waited: seconds for which a text
    asked the visitor to wait. heard: messages by their type. received: bytes of all messages.
    """

    def __init__(self, port: int, name: str = "visitor"):
        self.port, self.name = port, name
        self.errors: list[str] = []
        self.query = self.session = self.page = self.run = ""
        self.asked = self.started = self.finished = 0.0  # when a run was last asked for, began, and ended
        self.heard: Counter[str] = Counter()
        self.received = 0
        self._waited, self._waiting_since = 0.0, 0.0
        self._waiting: set[tuple[int, ...]] = set()
        self._nodes: dict[tuple[int, ...], Node] = {}
        self._kinds: dict[str, dict[tuple[int, ...], Node]] = defaultdict(dict)
        self._states: dict[str, WidgetState] = {}
        self._forms: dict[str, dict[str, WidgetState]] = defaultdict(dict)
        self._cached: dict[str, CachedMessage] = {}
        self._runs, self._age = 0, 2
        self._timers: dict[str, tuple[float, asyncio.Task]] = {}
        self._waiters: list[tuple[Callable[[], bool], asyncio.Future]] = []
        self._replies: dict[str, asyncio.Future] = {}
        self._pending = self._running = False
        self._released = 0
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task | None = None
        self._token = ""

    async def __aenter__(self) -> "Visitor":
        return self

    async def __aexit__(self, *_) -> None:
        await self.close()

    # What a visitor does

    async def open(self, address: str = "") -> None:
        """Follow a cold link, such as "forget?randomization.layers=fc1"; `settle` waits until it is drawn."""
        path, _, self.query = address.partition("?")
        try:
            self._token = await asyncio.to_thread(_xsrf_token, self.port)
            self._socket = await self._connect()
        except (OSError, http.client.HTTPException, WebSocketException) as error:
            raise VisitError(f"the server cannot be reached: {error!r}") from error
        self._reader = asyncio.create_task(self._read())
        self._rerun(path=path)

    async def close(self) -> None:
        """Close the tab."""
        self._stop_timers()
        socket, self._socket = self._socket, None
        if socket:
            await socket.close()
        if self._reader:
            await self._reader

    def follow(self, title: str) -> None:
        """Click a link of the navigation."""
        link = self._find("page_link", title, root=SIDEBAR).element
        self._stop_timers()
        self._states.clear()
        self._forms.clear()
        self._rerun(page=link.page_script_hash, query=link.query_string)

    def click(self, label: str) -> None:
        """Press a button; one of a form sends the form."""
        node = self._find("button", label)
        button = node.element
        if button.is_form_submitter:
            self._states |= self._forms.pop(button.form_id, {})
        self._rerun(trigger=WidgetState(id=button.id, trigger_value=True), fragment=node.fragment)

    def slide(self, value: float) -> None:
        """Move the slider of the live fraction, and let it go."""
        self._released += 1
        node = self._live
        if node is None:
            raise VisitError("there is no live fraction")
        state = {"fraction": {"percent": round(100 * value), "count": self._released}}
        self._states[node.element.id] = WidgetState(id=node.element.id, json_value=json.dumps(state))
        self._rerun(fragment=node.fragment)

    def write_review(self, text: str, count: int, *, rested: int = 0) -> None:
        """Type a review of one's own. count: of the texts sent; rested: of those before the keys rested."""
        node = self._component(REVIEW)
        if node is None:
            raise VisitError("there is no review to type over")
        state = {"text": {"text": text, "count": count}, "rested": rested}
        self._states[node.element.id] = WidgetState(id=node.element.id, json_value=json.dumps(state))
        self._rerun(fragment=node.fragment)

    @property
    def review(self) -> dict | None:
        """What the page shows of the visitor's own review; None where it has none."""
        node = self._component(REVIEW)
        return json.loads(node.element.bytes) if node else None

    def fill(self, label: str, value: float) -> None:
        """Type into a number field; in a form it is sent with that."""
        node = self._find("number_input", label)
        self._set(node, **_number(node.element, value))

    def choose(self, label: str, *options: str) -> None:
        """Choose among pills or segments."""
        self._set(self._find("button_group", label), string_array_value={"data": options})

    async def upload(self, name: str, content: bytes, label: str = "A file of reviews") -> None:
        """Give a file to an uploader."""
        node = self._find("file_uploader", label)
        urls = (await self._ask_for_urls(name)).file_urls[0]
        try:
            status = await asyncio.to_thread(_put, self.port, urls.upload_url, self._token, name, content)
        except (OSError, http.client.HTTPException) as error:
            raise VisitError(f"the upload failed: {error!r}") from error
        if status != 204:
            raise VisitError(f"the upload was answered with {status}")
        info = {"file_id": urls.file_id, "name": name, "size": len(content), "file_urls": urls}
        self._set(node, file_uploader_state_value=FileUploaderState(uploaded_file_info=[info]))

    async def settle(self, seconds: float = PATIENCE) -> None:
        """Wait until the script has stood still; fragments that run again by themselves do not count."""
        await self.until(lambda: self.idle, seconds, "the script to end")

    async def until(self, met: Callable[[], bool], seconds: float = PATIENCE, what: str = "the page") -> float:
        """Wait until a condition is met, looked at after each message; returns when it was."""
        if met():
            return time.perf_counter()
        future = asyncio.get_running_loop().create_future()
        self._waiters.append((met, future))
        try:
            return await asyncio.wait_for(future, seconds)
        except TimeoutError:
            raise VisitError(f"waited {seconds:.0f} s for {what}") from None
        finally:
            self._waiters = [waiter for waiter in self._waiters if waiter[1] is not future]

    # What a visitor sees

    @property
    def idle(self) -> bool:
        """Whether no run is asked for or under way but those of fragments."""
        return not self._pending and not self._running

    @property
    def waited(self) -> float:
        """Seconds for which a text has asked the visitor to wait in the queue."""
        return self._waited + (time.perf_counter() - self._waiting_since if self._waiting else 0.0)

    def shows(self, kind: str, label: str) -> bool:
        """Whether there is a widget of that kind and label, or user key."""
        return next(self._labelled(kind, label), None) is not None

    def metrics(self, *, of_this_run: bool = False) -> dict[str, str]:
        """The metrics by their labels; of_this_run: only what the last full run has drawn, as far as it has come."""
        drawn = [node for _, node in sorted(self._kinds["metric"].items())]
        found = {node.element.label: node.element.body for node in drawn if not of_this_run or node.run == self.run}
        if (live := self._live) and (not of_this_run or live.run == self.run):
            shown = json.loads(live.element.bytes)
            labels = [metric["label"] for metric in shown["metrics"]]
            found |= dict(zip(labels, shown["now"]["values"], strict=True))
        return found

    def texts(self) -> list[str]:
        """Paragraphs, captions, alerts and progress, in their order."""
        found = ((path, _text(node)) for kind in TEXTS for path, node in self._kinds[kind].items())
        return [text for _, text in sorted(found, key=lambda item: item[0])]

    def alerts(self) -> list[str]:
        return [node.element.body for node in self._kinds["alert"].values()]

    @property
    def fraction(self) -> float | None:
        """The fraction that the live fraction shows; None where the page has none."""
        return json.loads(self._live.element.bytes)["percent"] / 100 if self._live else None

    @property
    def _live(self) -> Node | None:
        return self._component(LIVE)

    def _component(self, name: str) -> Node | None:
        nodes = self._kinds["bidi_component"].values()
        return next((node for node in nodes if node.element.component_name == name), None)

    def _find(self, kind: str, label: str, root: int | None = None) -> Node:
        for path, node in self._labelled(kind, label):
            if root in (None, path[0]):
                return node
        raise VisitError(f"there is no {kind} {label!r}; alerts: {self.alerts()}")

    def _labelled(self, kind: str, label: str) -> Iterator[tuple[tuple[int, ...], Node]]:
        for path, node in self._kinds[kind].items():
            if label in (node.element.label, _key(node.element)):
                yield path, node

    # What is sent

    async def _connect(self) -> ClientConnection:
        return await connect(
            f"ws://localhost:{self.port}/_stcore/stream",
            origin=f"http://localhost:{self.port}",
            subprotocols=["streamlit", self._token],
            additional_headers={"Cookie": f"{COOKIE}={self._token}"},
            compression=None,
            max_size=None,
            open_timeout=PATIENCE,
            ping_timeout=None,
        )

    def _set(self, node: Node, **value: Any) -> None:
        """Give a widget a value, and send it unless it belongs to a form."""
        element = node.element
        state = WidgetState(id=element.id, **value)
        if element.form_id:
            self._forms[element.form_id][element.id] = state
            return
        self._states[element.id] = state
        self._rerun(fragment=node.fragment)

    def _rerun(
        self,
        *,
        path: str = "",
        page: str = "",
        query: str | None = None,
        trigger: WidgetState | None = None,
        fragment: str = "",
        auto: bool = False,
    ) -> None:
        if query is not None:
            self.query = query
        message = BackMsg()
        rerun = message.rerun_script
        rerun.query_string, rerun.page_name, rerun.page_script_hash = self.query, path, page or self.page
        rerun.fragment_id, rerun.is_auto_rerun = fragment, auto
        rerun.widget_states.widgets.extend(self._states.values())
        if trigger:
            rerun.widget_states.widgets.append(trigger)
        rerun.cached_message_hashes.extend(self._cached)
        rerun.context_info.timezone, rerun.context_info.locale = "UTC", "en-US"
        rerun.context_info.url = f"http://localhost:{self.port}/"
        if not fragment:
            self._pending, self.asked = True, time.perf_counter()
        self._send(message)

    def _send(self, message: BackMsg) -> None:
        if self._socket is None:
            raise VisitError("the connection is closed")
        # A task each keeps the order, as none of them waits while the socket takes what it is given.
        task = asyncio.create_task(self._socket.send(message.SerializeToString()))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _ask_for_urls(self, name: str) -> Any:
        message, request = BackMsg(), uuid4().hex
        message.file_urls_request.request_id, message.file_urls_request.session_id = request, self.session
        message.file_urls_request.file_names.append(name)
        self._replies[request] = asyncio.get_running_loop().create_future()
        self._send(message)
        return await asyncio.wait_for(self._replies[request], PATIENCE)

    # What is received

    async def _read(self) -> None:
        socket = self._socket
        try:
            async for data in socket:
                self.received += len(data)
                self._take(ForwardMsg.FromString(data))
                self._look()
        except ConnectionClosed as error:
            if self._socket is not None:
                self.errors.append(f"the server closed the connection: {error}")
        except Exception as error:
            self.errors.append(f"the visitor fell over: {error!r}")
        if self._socket is not None and not self.errors:
            self.errors.append("the server closed the connection")
        self._stop_timers()
        self._socket = None
        for future in [future for _, future in self._waiters] + list(self._replies.values()):
            if not future.done():
                future.set_exception(VisitError("the connection is closed"))
                future.exception()  # whoever waited may be gone

    def _look(self) -> None:
        for met, future in self._waiters:
            if not future.done() and met():
                future.set_result(time.perf_counter())

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        self.heard[kind] += 1
        if take := getattr(self, f"_take_{kind}", None):
            take(message)

    def _take_new_session(self, message: ForwardMsg) -> None:
        new, run = message.new_session, message.metadata.run
        self.session = new.initialize.session_id or self.session
        self._age = new.config.max_cached_message_age
        if not run.fragment_ids:
            self._stop_timers()
            self._pending, self._running, self.started = False, True, time.perf_counter()
            if new.page_script_hash != self.page:
                self._drop(list(self._nodes))
                self.page = new.page_script_hash
        self.run = run.script_run_id

    def _take_script_finished(self, message: ForwardMsg) -> None:
        status, run = message.script_finished, message.metadata.run
        if status == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            self._pending = True  # the run that it makes room for
            return
        if status == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            self.errors.append("the script does not compile")
        if run.script_run_id != self.run:
            return
        fragments = set(run.fragment_ids)
        self._drop_stale(fragments)
        self._age_cached(fragments)
        if not fragments:
            self._running, self.finished = False, time.perf_counter()

    def _take_navigation(self, message: ForwardMsg) -> None:
        self.page = message.navigation.page_script_hash or self.page

    def _take_page_info_changed(self, message: ForwardMsg) -> None:
        self.query = message.page_info_changed.query_string

    def _take_page_not_found(self, message: ForwardMsg) -> None:
        self.errors.append(f"there is no page {message.page_not_found.page_name!r}")

    def _take_session_event(self, message: ForwardMsg) -> None:
        kind = message.session_event.WhichOneof("type")
        self.heard[kind] += 1
        if kind == "script_compilation_exception":
            self.errors.append(f"compile error: {message.session_event.script_compilation_exception.message}")

    def _take_file_urls_response(self, message: ForwardMsg) -> None:
        response = message.file_urls_response
        future = self._replies.pop(response.response_id, None)
        if future and response.error_msg:
            future.set_exception(VisitError(response.error_msg))
        elif future:
            future.set_result(response)

    def _take_auto_rerun(self, message: ForwardMsg) -> None:
        interval, fragment = message.auto_rerun.interval, message.auto_rerun.fragment_id
        if self._timers.get(fragment, (0,))[0] == interval:
            return
        self._stop_timer(fragment)
        self._timers[fragment] = (interval, asyncio.create_task(self._tick(interval, fragment)))

    def _take_stop_auto_rerun(self, message: ForwardMsg) -> None:
        for fragment in message.stop_auto_rerun.fragment_ids:
            self._stop_timer(fragment)

    async def _tick(self, interval: float, fragment: str) -> None:
        """Ask for a fragment again and again, whether or not the last answer has come: so does a browser."""
        due = time.perf_counter()
        while self._socket is not None:
            due = max(due + interval, time.perf_counter())  # as a browser does not catch up on what it has missed
            await asyncio.sleep(due - time.perf_counter())
            if self._socket is not None:
                self._rerun(fragment=fragment, auto=True)

    def _stop_timer(self, fragment: str) -> None:
        if fragment in self._timers:
            self._timers.pop(fragment)[1].cancel()

    def _stop_timers(self) -> None:
        for fragment in list(self._timers):
            self._stop_timer(fragment)

    # The page

    def _take_ref_hash(self, message: ForwardMsg) -> None:
        cached = self._cached.get(message.ref_hash)
        if cached is None:
            self.errors.append("the server refers to a message that the visitor does not have")
            return
        self._place(tuple(message.metadata.delta_path), Node(cached.kind, self.run, cached.fragment, cached.element))

    def _take_delta(self, message: ForwardMsg) -> None:
        delta, path = message.delta, tuple(message.metadata.delta_path)
        match delta.WhichOneof("type"):
            case "new_element":
                kind = delta.new_element.WhichOneof("type")
                element = getattr(delta.new_element, kind) if kind in READ_KINDS else None
                if message.metadata.cacheable and message.hash not in self._cached:
                    self._cached[message.hash] = CachedMessage(kind, element, delta.fragment_id, self._runs)
                self._place(path, Node(kind, self.run, delta.fragment_id, element))
            case "add_block":
                self._place(path, Node("block", self.run, delta.fragment_id))
            case "new_transient":
                self._wait_at((*path, -1), any(map(_waits, delta.new_transient.elements)))

    def _place(self, path: tuple[int, ...], node: Node) -> None:
        before = self._nodes.get(path)
        if before and before.kind != node.kind:
            within = (
                [other for other in self._nodes if other[: len(path)] == path] if before.kind == "block" else [path]
            )
            self._drop(within)
        self._nodes[path] = self._kinds[node.kind][path] = node
        self._wait_at(path, node.kind in TEXTS and WAITING.match(_text(node)) is not None)
        if node.kind in WIDGETS:
            self._remember(node)
        elif node.kind == "exception":
            self.errors.append(f"an exception is shown: {node.element.type} {node.element.message}"[:300])
        elif node.kind == "alert" and node.element.format == Alert.ERROR:
            self.heard[f"alert: {node.element.body[:160]}"] += 1

    def _remember(self, node: Node) -> None:
        """Take a new widget's default for its value, and what the app sets for any."""
        element = node.element
        states = self._forms[element.form_id] if element.form_id else self._states
        if (element.set_value or element.id not in states) and (value := _default(node.kind, element)):
            states[element.id] = WidgetState(id=element.id, **value)

    def _drop(self, paths: list[tuple[int, ...]]) -> None:
        for path in paths:
            node = self._nodes.pop(path)
            del self._kinds[node.kind][path]
            self._wait_at(path, False)

    def _drop_stale(self, fragments: set[str]) -> None:
        """Drop what the run that has ended did not draw: of the page, or of the fragments that ran."""
        stale = (
            node.run != self.run and (not fragments or node.fragment in fragments) for node in self._nodes.values()
        )
        self._drop([path for path, old in zip(self._nodes, list(stale), strict=True) if old])
        for path in [path for path in self._waiting if path[-1] == -1]:
            self._wait_at(path, False)
        if not fragments:
            known = {node.element.id for kind in (*WIDGETS, "file_uploader") for node in self._kinds[kind].values()}
            self._states = {name: state for name, state in self._states.items() if name in known}

    def _age_cached(self, fragments: set[str]) -> None:
        self._runs += 1
        for name, cached in list(self._cached.items()):
            if (not fragments or cached.fragment in fragments) and self._runs - cached.count > self._age:
                del self._cached[name]

    def _wait_at(self, path: tuple[int, ...], waits: bool) -> None:
        """Note whether a text of the page asks the visitor to wait."""
        if waits and not self._waiting:
            self._waiting_since = time.perf_counter()
        if waits:
            self._waiting.add(path)
        elif path in self._waiting:
            self._waiting.remove(path)
            if not self._waiting:
                self._waited += time.perf_counter() - self._waiting_since


def _text(node: Node) -> str:
    return getattr(node.element, TEXTS[node.kind])


def _waits(element: Any) -> bool:
    kind = element.WhichOneof("type")
    return kind in TEXTS and WAITING.match(getattr(getattr(element, kind), TEXTS[kind])) is not None


def _key(element: Any) -> str:
    """The key that the app gave a widget, which its id ends with."""
    return getattr(element, "id", "").partition("-")[2].partition("-")[2]


def _number(element: Any, value: float) -> dict[str, Any]:
    whole = element.data_type == NumberInput.INT
    return {"int_value": int(value)} if whole else {"double_value": value}


def _default(kind: str, element: Any) -> dict[str, Any]:
    """The value of a widget that nobody has touched, as a browser sends it; nothing where it has none."""
    value = element.value if element.set_value and hasattr(element, "value") else getattr(element, "default", None)
    match kind:
        case "slider":  # all of which are of texts
            names = element.raw_value if element.set_value else [element.options[int(index)] for index in value]
            return {"string_array_value": {"data": names}}
        case "number_input":
            return _number(element, value)
        case "checkbox":
            return {"bool_value": value}
        case "text_input":
            return {"string_value": value}
        case "button_group":
            names = element.raw_values if element.set_value else [element.options[index].content for index in value]
            return {"string_array_value": {"data": names}}
    if element.set_value:
        return {"string_value": element.raw_value}
    return {"string_value": element.options[value]} if element.HasField("default") else {}


def _xsrf_token(port: int) -> str:
    """The token that the server gives to each new browser."""
    connection = http.client.HTTPConnection("localhost", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/_stcore/health")
        response = connection.getresponse()
        response.read()
        cookie = response.getheader("Set-Cookie") or ""
        return cookie.partition(f"{COOKIE}=")[2].partition(";")[0] or "none"
    finally:
        connection.close()


def _put(port: int, path: str, token: str, name: str, content: bytes) -> int:
    """Send a file as a form of one field; returns the status of the answer."""
    boundary = uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
    body = f"{head}Content-Type: text/csv\r\n\r\n".encode() + content + f"\r\n--{boundary}--\r\n".encode()
    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Cookie": f"{COOKIE}={token}",
        "X-Xsrftoken": token,
    }
    connection = http.client.HTTPConnection("localhost", port, timeout=PATIENCE)
    try:
        connection.request("PUT", path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()
