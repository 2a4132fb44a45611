"""Access control: a limit on sessions, known origins only, valid tokens only, new sessions only.

Every page and WebSocket handler asks the `AccessControl` of its server before it does any work.
The server alone chooses the session of a page. A link that names a session could lead a visitor
into the session of the link's author, who would see what the visitor uploads (session fixation).
"""

import logging
import time
import weakref
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import bokeh.server.urls as urls
from bokeh.server.contexts import ApplicationContext
from bokeh.server.views.doc_handler import DocHandler
from bokeh.server.views.session_handler import SessionHandler
from bokeh.server.views.ws import WSHandler
from bokeh.util.token import check_token_signature, get_session_id, get_token_payload
from tornado.httputil import HTTPServerRequest
from tornado.web import HTTPError, RequestHandler

from widgets.server.busy_page import write_busy_page
from widgets.server.page_builder import build_pages_in_thread
from widgets.server.websocket import MAX_MESSAGE_BYTES

log = logging.getLogger(__name__)

MAX_TOKEN_CHARS = 2**16

SESSION_NAMES = ("bokeh-session-id", "bokeh-token")
"""Arguments, headers and cookies by which Bokeh, or a proxy, names a session."""
NAMED_SESSION = "The address names a session. Open the page without bokeh-session-id, bokeh-token."
FOREIGN_PAGE = "The page that asks comes from an origin that is not allowed."

SETTING = "access_control"
"""The key of the `AccessControl` among the settings of the tornado application."""

# Close codes of a WebSocket: RFC 6455, section 7.4.1. Codes from 5000 on are not valid.
PROTOCOL_ERROR, MESSAGE_TOO_BIG = 1002, 1009
FIRST_INVALID_CODE = 5000


class AccessControl:
    """Counts the sessions of a server and decides who may connect.

    Parameters
    ----------
    most_sessions : int
        Largest number of sessions open at once.
    origins : sequence of str
        The hosts, as ``host:port``, whose pages may open a WebSocket; ``*`` allows every host.
    """

    def __init__(self, most_sessions: int, origins: Sequence[str]) -> None:
        self.most_sessions = most_sessions
        self.origins = frozenset(origin.lower() for origin in origins)
        self.n_refused_sessions = 0
        self.n_refused_tokens = 0
        self.n_refused_origins = 0
        self.contexts: weakref.WeakSet[ApplicationContext] = weakref.WeakSet()

    @property
    def n_sessions(self) -> int:
        """Number of sessions that are open or being opened."""
        return sum(len(each._sessions) + len(each._pending_sessions) for each in self.contexts)

    @property
    def n_callbacks(self) -> int:
        """Number of callbacks that the sessions have scheduled on the event loop."""
        sessions = [session for each in self.contexts for session in each.sessions]
        return sum(len(session.document.session_callbacks) for session in sessions)

    def has_room(self, session_id: str | None = None) -> bool:
        """Whether a session may be opened; a session that is open already always may connect."""
        is_open = any(session_id in each._sessions for each in self.contexts)
        return is_open or self.n_sessions < self.most_sessions

    def count_refused_session(self) -> None:
        """Count and log a session that found no room."""
        self.n_refused_sessions += 1
        log.warning("session refused: all places are taken (%d sessions open)", self.n_sessions)

    def allows_origin(self, origin: str | None) -> bool:
        """Whether a page of this origin may connect. A browser always sends the origin."""
        try:
            parts = urlsplit(origin or "")
        except ValueError:
            # For example an IPv6 address without its closing bracket.
            parts = urlsplit("")
        host = parts.netloc.lower()
        is_web = parts.scheme in ("http", "https")
        if is_web and ":" not in host.rpartition("]")[2]:
            host += ":443" if parts.scheme == "https" else ":80"
        is_allowed = is_web and bool(self.origins & {host, "*"})
        if not is_allowed:
            self.n_refused_origins += 1
            log.warning("request refused: the page comes from an origin that is not allowed")
        return is_allowed

    def allows_embedding(self, request: HTTPServerRequest) -> bool:
        """Whether the page that asks for a script or for data may have it.

        A browser says where a request comes from: in ``Origin``, or for a script in ``Referer``,
        unless the page forbids it, and in ``Sec-Fetch-Site``. A program that is no browser sends
        none of these.
        """
        headers = request.headers
        source = headers.get("Origin") or headers.get("Referer")
        if source is None:
            return headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")
        return self.allows_origin(source)

    def names_session(self, request: HTTPServerRequest) -> bool:
        """Whether a request names a session; count and log it."""
        names = {*request.arguments, *request.cookies, *request.headers}
        is_named = bool({name.lower() for name in names} & {*SESSION_NAMES})
        if is_named:
            self.n_refused_tokens += 1
            log.warning("request refused: it names a session")
        return is_named

    def accepts_token(self, token: str, handler: RequestHandler) -> bool:
        """Whether this server signed a token, and the token has not expired."""
        app: Any = handler.application
        try:
            is_signed = len(token) <= MAX_TOKEN_CHARS and check_token_signature(
                token, secret_key=app.secret_key, signed=app.sign_sessions
            )
            is_valid = is_signed and time.time() < get_token_payload(token)["session_expiry"]
        except Exception:
            # A forged token may cause any error.
            is_valid = False
        if not is_valid:
            self.n_refused_tokens += 1
            log.warning("token refused: forged or expired")
        return is_valid

    def check_handshake(self, handler: RequestHandler) -> int:
        """The HTTP status that answers a WebSocket handshake; 101 accepts the handshake."""
        protocols = handler.request.headers.get("Sec-WebSocket-Protocol", "")
        token = protocols.rpartition(",")[2].strip()
        if not self.allows_origin(handler.request.headers.get("Origin")):
            return 403
        if not self.accepts_token(token, handler):
            return 403
        if self.has_room(get_session_id(token)):
            return 101
        self.count_refused_session()
        return 503


def find_access_control(handler: Any) -> AccessControl | None:
    """The access control of a handler's server; None if the server has none."""
    access: AccessControl | None = handler.settings.get(SETTING)
    if access is not None:
        access.contexts.add(handler.application_context)
    return access


def restrict_page(handler: type[SessionHandler]) -> type[SessionHandler]:
    """A subclass of a page's handler that asks the access control first."""

    class RestrictedPage(handler):  # type: ignore[misc, valid-type]
        async def prepare(self) -> None:
            access = find_access_control(self)
            if access is not None and access.names_session(self.request):
                raise HTTPError(403, reason=NAMED_SESSION)
            if access is not None and not issubclass(handler, DocHandler):
                self._check_embedding(access)
            await super().prepare()

        def _check_embedding(self, access: AccessControl) -> None:
            if not access.allows_embedding(self.request):
                raise HTTPError(403, reason=FOREIGN_PAGE)
            # Bokeh allows every origin.
            origin = self.request.headers.get("Origin")
            if origin is None:
                self.clear_header("Access-Control-Allow-Origin")
            else:
                self.set_header("Access-Control-Allow-Origin", origin)

        async def get_session(self) -> Any:
            if find_access_control(self) is not None:
                build_pages_in_thread(self.application_context.application)
            return await super().get_session()

        async def get(self, *args: Any, **kwargs: Any) -> None:
            access = find_access_control(self)
            if access is None or access.has_room():
                await super().get(*args, **kwargs)
            else:
                access.count_refused_session()
                write_busy_page(self)

        def head(self, *args: Any, **kwargs: Any) -> None:
            # Say whether there is room, without opening a session.
            access = find_access_control(self)
            self.set_status(200 if access is None or access.has_room() else 503)

    return RestrictedPage


def restrict_websocket(handler: type[WSHandler]) -> type[WSHandler]:
    """A subclass of the WebSocket handler that refuses a connection before the handshake."""

    class RestrictedWebSocket(handler):  # type: ignore[misc, valid-type]
        n_bytes = 0
        is_refused = False

        async def prepare(self) -> None:
            access = find_access_control(self)
            status = 101 if access is None else access.check_handshake(self)
            if status == 101:
                await super().prepare()
            else:
                self.set_status(status)
                self.finish()

        def check_origin(self, origin: str) -> bool:
            access = find_access_control(self)
            return super().check_origin(origin) if access is None else access.allows_origin(origin)

        async def on_message(self, fragment: str | bytes) -> None:
            # Bokeh collects as many fragments as the message's header names, without a limit on
            # their total size.
            is_first = self.receiver is None or self.receiver._current_consumer == (
                self.receiver._HEADER
            )
            self.n_bytes = len(fragment) + (0 if is_first else self.n_bytes)
            if self.is_refused:
                return
            if find_access_control(self) is not None and self.n_bytes > MAX_MESSAGE_BYTES:
                log.warning("message refused: larger than %d bytes", MAX_MESSAGE_BYTES)
                self.close(MESSAGE_TOO_BIG)
            else:
                await super().on_message(fragment)

        def close(self, code: int | None = None, reason: str | None = None) -> None:
            # Ignore messages that the browser sends before it learns of the close. Bokeh passes
            # reasons of any length, and codes that are not valid.
            self.is_refused = True
            is_valid = code is None or code < FIRST_INVALID_CODE
            super().close(code if is_valid else PROTOCOL_ERROR)

    return RestrictedWebSocket


def install_access_control() -> None:
    """Restrict the page and WebSocket handlers of all servers that are created from now on.

    A server uses the access control in its tornado setting `SETTING`; without the setting nothing
    changes. A second call changes nothing.
    """
    for number, pattern in enumerate(urls.per_app_patterns):
        path, handler = pattern[0], pattern[1]
        if getattr(handler, "is_restricted", False):
            continue
        if issubclass(handler, WSHandler):
            restricted: Any = restrict_websocket(handler)
        elif issubclass(handler, SessionHandler):
            restricted = restrict_page(handler)
        else:
            continue
        restricted.is_restricted = True
        urls.per_app_patterns[number] = (path, restricted, *pattern[2:])
