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

from widgets.server.busy_page import write_busy_page
from widgets.server.page_builder import build_pages_in_thread
from widgets.server.websocket import MOST_MESSAGE_BYTES

log = logging.getLogger(__name__)

MOST_TOKEN_LETTERS = 2**16

# Numbers that a websocket is closed with.
BROKEN, TOO_LARGE = 1002, 1009


class AccessControl:
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

    @property
    def n_callbacks(self) -> int:
        """What the sessions have asked the event loop for."""
        sessions = [session for each in self.contexts for session in each.sessions]
        return sum(len(session.document.session_callbacks) for session in sessions)

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
        try:
            parts = urlsplit(origin or "")
        except ValueError:
            # As of an address of IPv6 that is not closed.
            parts = urlsplit("")
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


def guard_page(handler: type[SessionHandler]) -> type[SessionHandler]:
    """The handler of a page, behind the door of its server if that has one."""

    class GuardedPage(handler):  # type: ignore[misc, valid-type]
        async def get_session(self) -> Any:
            door, token = find_door(self), self.get_argument("bokeh-token", default=None)
            if door is not None:
                if token is not None and not door.is_in_force(token, self):
                    raise HTTPError(403, reason="Invalid token")
                build_pages_in_thread(self.application_context.application)
            return await super().get_session()

        async def get(self, *args: Any, **kwargs: Any) -> None:
            door = find_door(self)
            if door is None or door.has_room():
                await super().get(*args, **kwargs)
            else:
                door.refuse()
                write_busy_page(self)

        def head(self, *args: Any, **kwargs: Any) -> None:
            # Whether there is room, without taking it.
            door = find_door(self)
            self.set_status(200 if door is None or door.has_room() else 503)

    return GuardedPage


def guard_socket(handler: type[WSHandler]) -> type[WSHandler]:
    """The handler of websockets, behind the door: refused before the handshake."""

    class GuardedSocket(handler):  # type: ignore[misc, valid-type]
        n_bytes = 0
        is_refused = False

        async def prepare(self) -> None:
            door = find_door(self)
            status = 101 if door is None else judge_socket(self, door)
            if status == 101:
                await super().prepare()
            else:
                self.set_status(status)
                self.finish()

        def check_origin(self, origin: str) -> bool:
            door = find_door(self)
            return super().check_origin(origin) if door is None else door.is_ours(origin)

        async def on_message(self, fragment: str | bytes) -> None:
            # Bokeh gathers as many parts as a message says that it has, however large all are.
            is_first = self.receiver is None or self.receiver._current_consumer == (
                self.receiver._HEADER
            )
            self.n_bytes = len(fragment) + (0 if is_first else self.n_bytes)
            if self.is_refused:
                return
            if find_door(self) is not None and self.n_bytes > MOST_MESSAGE_BYTES:
                log.warning("a message without end was refused")
                self.close(TOO_LARGE)
            else:
                await super().on_message(fragment)

        def close(self, code: int | None = None, reason: str | None = None) -> None:
            # What the other side has sent before it hears of that is not heard any more. Reasons
            # say what was wrong with its message, at any length, and by a number that is none.
            self.is_refused = True
            super().close(code if code is None or code < 5000 else BROKEN)

    return GuardedSocket


def find_door(handler: Any) -> AccessControl | None:
    """The door of a handler's server."""
    door: AccessControl | None = handler.settings.get("door")
    if door is not None:
        door.contexts.add(handler.application_context)
    return door


def judge_socket(handler: RequestHandler, door: AccessControl) -> int:
    """The status to answer a handshake with: 101 for go on."""
    token = handler.request.headers.get("Sec-WebSocket-Protocol", "").rpartition(",")[2].strip()
    if not door.is_ours(handler.request.headers.get("Origin")):
        return 403
    if not door.is_in_force(token, handler):
        return 403
    if door.has_room(get_session_id(token)):
        return 101
    door.refuse()
    return 503


def install_access_control() -> None:
    """Have every page and websocket of servers made from now on ask its server's door.

    That is the setting ``door`` of its tornado application; without one nothing changes. Calling
    this twice does no harm.
    """
    for number, pattern in enumerate(urls.per_app_patterns):
        path, handler = pattern[0], pattern[1]
        if getattr(handler, "is_guarded", False):
            continue
        if issubclass(handler, WSHandler):
            guarded: Any = guard_socket(handler)
        elif issubclass(handler, SessionHandler):
            guarded = guard_page(handler)
        else:
            continue
        guarded.is_guarded = True
        urls.per_app_patterns[number] = (path, guarded, *pattern[2:])
