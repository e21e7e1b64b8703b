"""The app for others to open: the same pages behind headers that forbid a browser whatever they do not need.

    streamlit run forgetting/dashboard/server/hardened.py

HTTPS and a password are the work of a proxy in front, see the README beside this file.
"""

import os
import re
import sys
from base64 import b64encode
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware

APP = Path(__file__).parents[3] / "app.py"
sys.path.insert(0, str(APP.parent))  # as Streamlit adds the folder of the entry alone
from forgetting.dashboard.server.hosts import KnownHosts, Message, Receive, Send  # noqa: E402

STREAMLIT_PAGE = Path(st.__file__).parent / "static" / "index.html"


def policy(page: str) -> str:
    """The Content-Security-Policy for the page of Streamlit, which allows only what comes from this server.

    Scripts within the page are allowed by the hashes of their texts, and no text is compiled as a script. Styles are
    allowed in the page, as charts and tables arrange their parts by them.

    Args:
        page: The HTML of the page.
    """
    inline = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = " ".join(f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in inline)
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {hashes}".rstrip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self' data: blob:",
            "worker-src 'self' blob:",
            "media-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


HEADERS = {
    "Content-Security-Policy": policy(STREAMLIT_PAGE.read_text(encoding="utf-8")),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
    "Referrer-Policy": "no-referrer",  # an address contains the experiment and the name of a file
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class Hardened:
    """Middleware that adds the headers to every answer over HTTP. A WebSocket passes unchanged."""

    def __init__(self, app: Callable[..., Awaitable[None]]):
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        await self.app(scope, receive, with_headers)


os.environ["FORGETTING_RUNS"] = ""  # runs live with the session alone, and never touch the disk
app = st.App(APP, middleware=[Middleware(Hardened), Middleware(KnownHosts)])
