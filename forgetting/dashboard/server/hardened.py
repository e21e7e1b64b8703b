"""The app for others to open: the same pages behind headers that forbid a browser whatever they do not need.

    streamlit run forgetting/dashboard/server/hardened.py

What belongs to a proxy in front (HTTPS, a password) is told in the README.
"""

import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, MutableMapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from streamlit import net_util

APP = Path(__file__).parents[3] / "app.py"
STREAMLIT_PAGE = Path(st.__file__).parent / "static" / "index.html"
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]


def policy(page: str) -> str:
    """The Content-Security-Policy for Streamlit's own page: nothing but what comes from this server.

    Scripts within the page are allowed by the hashes of their texts; nothing is compiled from a text. Styles may stand
    in the page, as charts and tables place their parts by them.
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
    "Referrer-Policy": "no-referrer",  # an address holds the experiment, the name of a file included
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class Hardened:
    """Adds the headers to every answer over HTTP; a WebSocket passes untouched."""

    def __init__(self, app: Callable[..., Awaitable[None]]):
        self.app = app

    async def __call__(self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        await self.app(scope, receive, with_headers)


net_util.get_external_ip = lambda: None  # before any page is asked for; why is told in `memory.ask_nobody`
app = st.App(APP, middleware=[Middleware(Hardened)])
