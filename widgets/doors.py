"""Doors: who gets in. So many sessions and no more, from our own pages, with tokens in force."""

import logging
import time
import weakref
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import bokeh.server.urls as urls
from bokeh.server.contexts import ApplicationContext
from bokeh.server.views.session_handler import SessionHandler
from bokeh.server.views.ws import WSHandler
from bokeh.util.token import check_token_signature, get_session_id, get_token_payload
from tornado.web import HTTPError, RequestHandler

from .busy import write_busy_page

log = logging.getLogger(__name__)

MOST_TOKEN_LETTERS = 2**16


class Door:
    """Counts the sessions of a server and those that had to be refused.

    ``most_sessions`` may be there at once; ``origins`` (host:port) are whose pages may connect.
    """

    def __init__(self, most_sessions: int, origins: Sequence[str]) -> None:
        self.most_sessions = most_sessions
        self.origins = frozenset(origin.lower() for origin in origins)
        self.n_refused = 0
        self.n_forged = 0
        self.n_foreign = 0
        self.contexts: weakref.WeakSet[ApplicationContext] = weakref.WeakSet()

    @property
    def n_sessions(self) -> int:
        """Sessions that are there, or about to be."""
        return sum(len(each._sessions) + len(each._pending_sessions) for each in self.contexts)

    def has_room(self, session_id: str | None = None) -> bool:
        """Whether one more may come in; who is in already may."""
        is_in = any(session_id in each._sessions for each in self.contexts)
        return is_in or self.n_sessions < self.most_sessions

    def refuse(self) -> None:
        """Note that there was no room for somebody."""
        self.n_refused += 1
        log.warning("a session was refused: %d are open", self.n_sessions)

    def is_ours(self, origin: str | None) -> bool:
        """Whether a page from there may connect. A browser always says where a page is from."""
        parts = urlsplit(origin or "")
        host = parts.netloc.lower()
        if parts.scheme in ("http", "https") and ":" not in host.rpartition("]")[2]:
            host += ":443" if parts.scheme == "https" else ":80"
        is_ours = parts.scheme in ("http", "https") and bool(self.origins & {host, "*"})
        if not is_ours:
            self.n_foreign += 1
            log.warning("a websocket from a foreign page was refused")
        return is_ours

    def is_in_force(self, token: str, handler: RequestHandler) -> bool:
        """Whether we have issued a token, and not too long ago."""
        app: Any = handler.application
        try:
            is_signed = len(token) <= MOST_TOKEN_LETTERS and check_token_signature(
                token, secret_key=app.secret_key, signed=app.sign_sessions
            )
            is_in_force = is_signed and time.time() < get_token_payload(token)["session_expiry"]
        except Exception:
            # It may be anything.
            is_in_force = False
        if not is_in_force:
            self.n_forged += 1
            log.warning("a forged or expired token was refused")
        return is_in_force


def guard_page(handler: type[SessionHandler], door: Door) -> type[SessionHandler]:
    """The handler of a page, behind the door."""

    class GuardedPage(handler):  # type: ignore[misc, valid-type]
        async def get_session(self) -> Any:
            token = self.get_argument("bokeh-token", default=None)
            if token is not None and not door.is_in_force(token, self):
                raise HTTPError(403, reason="Invalid token")
            return await super().get_session()

        async def get(self, *args: Any, **kwargs: Any) -> None:
            door.contexts.add(self.application_context)
            if door.has_room():
                await super().get(*args, **kwargs)
            else:
                door.refuse()
                write_busy_page(self)

        def head(self, *args: Any, **kwargs: Any) -> None:
            # Whether there is room, without taking it.
            self.set_status(200 if door.has_room() else 503)

    return GuardedPage


def guard_socket(handler: type[WSHandler], door: Door) -> type[WSHandler]:
    """The handler of websockets, behind the door: refused before the handshake."""

    class GuardedSocket(handler):  # type: ignore[misc, valid-type]
        async def prepare(self) -> None:
            door.contexts.add(self.application_context)
            offered = self.request.headers.get("Sec-WebSocket-Protocol", "").split(",")
            token = offered[-1].strip()
            is_known = door.is_ours(self.request.headers.get("Origin")) and door.is_in_force(
                token, self
            )
            if is_known and door.has_room(get_session_id(token)):
                await super().prepare()
                return
            if is_known:
                door.refuse()
            self.set_status(503 if is_known else 403)
            self.finish()

        def check_origin(self, origin: str) -> bool:
            return door.is_ours(origin)

    return GuardedSocket


def put_up(door: Door) -> None:
    """Have every page and websocket of servers made from now on guarded by the door."""
    for number, pattern in enumerate(urls.per_app_patterns):
        path, handler = pattern[0], pattern[1]
        # A door put up before is taken off: one process may have several servers in turn.
        plain = getattr(handler, "_is_behind", handler)
        if issubclass(plain, WSHandler):
            guarded: Any = guard_socket(plain, door)
        elif issubclass(plain, SessionHandler):
            guarded = guard_page(plain, door)
        else:
            continue
        guarded._is_behind = plain
        urls.per_app_patterns[number] = (path, guarded, *pattern[2:])
