"""A name that the app does not answer to: the page that says so, where Streamlit would leave an empty one for ever.

Streamlit 1.67 serves its page under any name, and then refuses the WebSocket that would fill it, as its option
`server.allowedHosts` asks; the reason stands in the server's log alone. The rule is Streamlit's own here, too.
"""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from html import escape
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
HEALTH = "/_stcore/health"  # what looks whether the server lives asks for it under any name
NAME = re.compile(r"[a-z0-9._:-]{1,253}", re.IGNORECASE)  # of a host or an address; nothing that a shell could run
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Not under this name · Learning to Forget</title>
<style>
body {{ font: 1.1rem/1.5 sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem }}
body {{ color: #2b2326; background: #fff; overflow-wrap: anywhere }}
code {{ background: #f7f4f2; padding: 0.1rem 0.3rem }}
</style>
<h1>The app does not open under this name</h1>
<p>It opens only under the names that it was started for. You asked for {name}.</p>
<p>{remedy}</p>
</html>
"""


class KnownHosts:
    """Middleware that answers with a page where Streamlit would refuse the WebSocket for the name. All else passes."""

    def __init__(self, app: Callable[..., Awaitable[None]]):
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        host = Headers(scope=scope).get("host") if scope["type"] == "http" else None
        if scope["type"] != "http" or scope["path"].endswith(HEALTH) or is_host_allowed(host):
            await self.app(scope, receive, send)
        else:
            headers = {"Cache-Control": "no-store"}
            await HTMLResponse(refusal_page(host), status_code=403, headers=headers)(scope, receive, send)


def refusal_page(host: str | None) -> str:
    """The page for a host that is not allowed, without anything that would be asked for elsewhere.

    Args:
        host: The header "Host" of the request, whatever it holds; None where there is none.
    """
    try:
        name = urlsplit(f"//{host or ''}").hostname or ""
    except ValueError:
        name = ""
    if not NAME.fullmatch(name) or is_host_allowed(name):  # there is more than a name and a port
        shown = f"<code>{escape(host[:200])}</code>" if host else "no name at all"
        return PAGE.format(name=shown, remedy="That is no name that it could be started for. Check the address.")
    name = escape(name.rstrip("."))
    remedy = (
        f"If the app is yours, start it again with <code>--server.allowedHosts {name}</code>, once for each name, or "
        "add the name to <code>allowedHosts</code> in <code>.streamlit/config.toml</code>. Behind a proxy, "
        f"<code>--browser.serverAddress {name}</code> is needed, too. If it is not yours, ask who has started it."
    )
    return PAGE.format(name=f"<code>{name}</code>", remedy=remedy)
