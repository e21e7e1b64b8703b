"""A name that the app does not answer to: the page that says so, where Streamlit would leave an empty one for ever.

Streamlit 1.67 serves its page under any name, and then refuses the WebSocket that would fill it: where the name is not
among `server.allowedHosts`, and where a proxy in front gives another name than the browser does. The reason stands in
the server's log alone. The rules are Streamlit's own here, too.
"""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from html import escape
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse
from streamlit import net_util
from streamlit.web.server.starlette.starlette_websocket import _is_origin_allowed, is_host_allowed

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
HEALTH = "/_stcore/health"  # what looks whether the server lives asks for it under any name
PROBE = "/_stcore/host-config"  # which the page asks for once its WebSocket is refused; it shows a text that it gets
MOST_REFUSED = 100  # pairs of names that are remembered
NAME = re.compile(r"[a-z0-9._:-]{1,253}", re.IGNORECASE)  # of a host or an address; nothing that a shell could run
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Not under this name · Learning to Forget</title>
<style>
body {{ font: 1.1rem/1.5 sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem }}
body {{ color: black; background: white; overflow-wrap: anywhere }}
code {{ background: whitesmoke; padding: 0.1rem 0.3rem }}
</style>
<h1>The app does not open under this name</h1>
<p>It opens only under the names that it was started for. You asked for {name}.</p>
<p>{remedy}</p>
</html>
"""
net_util.get_external_ip = lambda: None  # before any page is asked for, see `memory.disable_address_lookup`


class KnownHosts:
    """Middleware that answers with the reason where Streamlit would refuse the WebSocket. All else passes."""

    def __init__(self, app: Callable[..., Awaitable[None]]):
        self.app = app
        self.refused: dict[tuple[str | None, str], None] = {}  # the proxy's name for the app and the browser's

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        answer = None
        if scope["type"] in ("http", "websocket"):
            headers = Headers(scope=scope)
            host, name = headers.get("host"), _name_of(headers.get("x-forwarded-host", "").split(",")[0].strip())
            if scope["type"] == "websocket":
                self._note_refusal(host, name, headers.get("origin"))
            elif not scope["path"].endswith(HEALTH):
                answer = _answer(host, name, probes=scope["path"].endswith(PROBE), refused=(host, name) in self.refused)
        await (answer or self.app)(scope, receive, send)

    def _note_refusal(self, host: str | None, name: str, origin: str | None) -> None:
        """Remember a proxy under whose name for the app a WebSocket from the browser's name for it is refused.

        Some proxies write the browser's name into X-Forwarded-Host alone, others change Origin as well, and then all
        works; so only what was refused tells. Of a proxy that keeps the name nothing is remembered, whatever is sent.
        """
        if not origin or not NAME.fullmatch(name) or name == _name_of(host or "") or not is_host_allowed(host):
            return
        if _name_of(origin.partition("://")[2]) == name and not _is_origin_allowed(origin, host):
            self.refused[host, name] = None
            while len(self.refused) > MOST_REFUSED:
                del self.refused[next(iter(self.refused))]


def _name_of(host: str) -> str:
    """The name or address within a header such as "Host", in small letters; "" where there is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _answer(host: str | None, forwarded: str, *, probes: bool, refused: bool) -> HTMLResponse | JSONResponse | None:
    """The answer in place of the app's; None where that is right.

    Args:
        host: The header "Host", whatever it holds; None where there is none.
        forwarded: The name that a proxy says that the browser has asked it for.
        probes: Whether the page asks why its WebSocket was refused.
        refused: Whether one was refused that came from there.
    """
    headers = {"Cache-Control": "no-store"}
    if not is_host_allowed(host):
        return HTMLResponse(_page_for_host(host), status_code=403, headers=headers)
    if not refused:
        return None
    if probes:  # of the statuses that the page shows with their text this one means it
        text = (
            "The proxy in front gives the app another name\nthan the browser does. Start the app again with\n"
            f"--browser.serverAddress {forwarded}"
        )
        return JSONResponse(text, status_code=421, headers=headers)
    remedy = (
        f"The proxy in front calls it <code>{escape(host or '')}</code>. If the app is yours, let the proxy pass the "
        f"name on, or start the app again with <code>--browser.serverAddress {forwarded}</code>. If it is not yours, "
        "ask who has started it."
    )
    page = PAGE.format(name=f"<code>{forwarded}</code>", remedy=remedy)
    return HTMLResponse(page, status_code=421, headers=headers)


def _page_for_host(host: str | None) -> str:
    """The page for a name that is not allowed, without anything that would be asked for elsewhere."""
    name = _name_of(host or "")
    if not NAME.fullmatch(name) or is_host_allowed(name):  # there is more than a name and a port
        shown = f"<code>{escape(host[:200])}</code>" if host else "no name at all"
        return PAGE.format(name=shown, remedy="That is no name that it could be started for. Check the address.")
    remedy = (
        f"If the app is yours, start it again with <code>--server.allowedHosts {name}</code>, once for each name, or "
        "add the name to <code>allowedHosts</code> in <code>.streamlit/config.toml</code>. If it is not yours, ask who "
        "has started it."
    )
    return PAGE.format(name=f"<code>{name}</code>", remedy=remedy)
