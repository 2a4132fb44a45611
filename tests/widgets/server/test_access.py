"""Access control without a server: origins, tokens, named sessions, room, sizes of messages."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from bokeh.server.views.doc_handler import DocHandler
from bokeh.server.views.session_handler import SessionHandler
from bokeh.server.views.ws import WSHandler
from bokeh.util.token import generate_jwt_token, generate_session_id, get_session_id
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.web import HTTPError

from tests.support.threads import run_in_new_loop
from widgets.server import access as access_module
from widgets.server.access import (
    MAX_TOKEN_CHARS,
    MESSAGE_TOO_BIG,
    PROTOCOL_ERROR,
    SETTING,
    AccessControl,
    find_access_control,
    install_access_control,
    restrict_page,
    restrict_websocket,
)
from widgets.server.websocket import MAX_MESSAGE_BYTES

KEY = b"a secret of the tests"
HOST = "localhost:5006"


class Context:
    """Stands for the sessions of an application."""

    application = "an application"

    def __init__(self, open_ids: tuple[str, ...] = (), n_pending: int = 0) -> None:
        document = SimpleNamespace(session_callbacks=[1, 2])
        self.sessions = [SimpleNamespace(document=document) for _ in open_ids]
        self._sessions = dict.fromkeys(open_ids)
        self._pending_sessions = dict.fromkeys(map(str, range(n_pending)))


def make_request(path: str = "/", **headers: str) -> HTTPServerRequest:
    lines = HTTPHeaders(
        {"Host": HOST} | {name.replace("_", "-"): value for name, value in headers.items()}
    )
    start_line = RequestStartLine("GET", path, "HTTP/1.1")
    connection: Any = SimpleNamespace(context=None)
    return HTTPServerRequest(start_line=start_line, headers=lines, connection=connection)


def make_token(expiration: int = 300, secret: bytes = KEY) -> str:
    session_id = generate_session_id(secret, signed=True)
    return generate_jwt_token(session_id, secret, signed=True, expiration=expiration)


def make_handler(access: AccessControl | None, context: Any, **headers: str) -> SimpleNamespace:
    return SimpleNamespace(
        settings={SETTING: access} if access else {},
        application=SimpleNamespace(secret_key=KEY, sign_sessions=True),
        application_context=context,
        request=make_request(**headers),
    )


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        ("http://localhost:5006", True),
        ("HTTP://LocalHost:5006", True),
        ("https://localhost:5006", True),
        ("http://localhost", False),
        ("https://example.org", True),
        ("http://example.org:443", True),
        ("http://example.org", False),
        ("http://plain.org", True),
        ("https://plain.org", False),
        ("https://[2001:db8::1]", True),
        ("https://[2001:db8::1]:443", True),
        ("http://[2001:db8::1", False),
        ("ftp://localhost:5006", False),
        ("localhost:5006", False),
        ("null", False),
        ("", False),
        (None, False),
    ],
)
def test_origins_are_compared_with_their_port(origin: str | None, is_allowed: bool) -> None:
    access = AccessControl(
        1, ("LOCALHOST:5006", "example.org:443", "plain.org:80", "[2001:db8::1]:443")
    )
    assert access.allows_origin(origin) == is_allowed
    assert access.n_refused_origins == (not is_allowed)
    every_web_page = AccessControl(1, ("*",)).allows_origin(origin)
    assert every_web_page == bool(
        origin and origin.lower().startswith("http") and origin[-1] != "1"
    )


@pytest.mark.parametrize(
    ("headers", "is_allowed"),
    [
        ({}, True),
        ({"Origin": f"http://{HOST}"}, True),
        ({"Referer": f"http://{HOST}/page?a=b"}, True),
        ({"Origin": "http://evil.org"}, False),
        ({"Referer": "http://evil.org/"}, False),
        ({"Origin": "http://evil.org", "Referer": f"http://{HOST}/"}, False),
        ({"Sec_Fetch_Site": "none"}, True),
        ({"Sec_Fetch_Site": "same-origin"}, True),
        ({"Sec_Fetch_Site": "same-site"}, False),
        ({"Sec_Fetch_Site": "cross-site"}, False),
    ],
)
def test_scripts_are_for_allowed_pages(headers: dict[str, str], is_allowed: bool) -> None:
    assert AccessControl(1, [HOST]).allows_embedding(make_request(**headers)) == is_allowed


@pytest.mark.parametrize(
    "request_",
    [
        make_request("/?bokeh-session-id=a"),
        make_request("/?a=b&Bokeh-Token="),
        make_request(Bokeh_Session_Id="a"),
        make_request(Cookie="a=b; bokeh-token=c"),
    ],
    ids=["argument", "empty argument", "header", "cookie"],
)
def test_a_named_session_is_counted(request_: HTTPServerRequest) -> None:
    access = AccessControl(1, [])
    assert not access.names_session(make_request("/?bokeh=1&session=2"))
    assert access.n_refused_tokens == 0
    assert access.names_session(request_)
    assert access.n_refused_tokens == 1


def test_a_token_is_signed_and_fresh_and_not_long() -> None:
    access = AccessControl(1, [])
    handler: Any = make_handler(access, Context())
    assert access.accepts_token(make_token(), handler)
    assert access.n_refused_tokens == 0
    forged = (
        make_token(expiration=-1),
        make_token(secret=b"another"),
        "",
        "a" * (MAX_TOKEN_CHARS + 1),
        # Signed, but without a session.
        generate_session_id(KEY, signed=True),
    )
    for token in forged:
        assert not access.accepts_token(token, handler), token
    assert access.n_refused_tokens == len(forged)
    assert MAX_TOKEN_CHARS >= 60_000


def test_an_open_session_may_connect_to_a_full_server() -> None:
    access = AccessControl(3, [HOST])
    token = make_token()
    context, other = Context((get_session_id(token),), n_pending=1), Context()
    access.contexts |= {context, other}
    assert (access.n_sessions, access.n_callbacks) == (2, 2)
    assert access.has_room()
    other._sessions["c"] = None
    assert access.n_sessions == 3
    assert not access.has_room()
    assert not access.has_room("unknown")

    def answer(origin: str, token: str) -> int:
        handler: Any = make_handler(
            access, context, Origin=origin, Sec_WebSocket_Protocol=f"bokeh, {token}"
        )
        assert find_access_control(handler) is access
        return access.check_handshake(handler)

    own = f"http://{HOST}"
    assert answer(own, token) == 101
    assert answer(own, make_token()) == 503
    assert answer("http://evil.org", token) == 403
    assert answer(own, "forged") == 403
    assert (access.n_refused_sessions, access.n_refused_origins, access.n_refused_tokens) == (
        1,
        1,
        1,
    )


def test_a_new_context_counts_from_its_first_request() -> None:
    access, context = AccessControl(5, []), Context(("a",))
    assert find_access_control(make_handler(None, context)) is None
    assert access.n_sessions == 0
    find_access_control(make_handler(access, context))
    assert access.n_sessions == 1


class PlainPage:
    """Stands for Bokeh's handler of a page, script or data."""

    # Tornado's handler has a property of this name.
    settings: dict[str, Any] = {}

    def __init__(self, access: AccessControl | None, request: HTTPServerRequest) -> None:
        self.settings = {SETTING: access} if access else {}
        self.application_context = Context()
        self.request = request
        self.headers = {"Access-Control-Allow-Origin": "*"}
        self.status, self.steps = 200, []

    async def prepare(self) -> None:
        self.steps.append("prepare")

    async def get(self) -> None:
        self.steps.append("get")

    async def get_session(self) -> str:
        return "a session"

    def set_status(self, status: int) -> None:
        self.status = status

    def set_header(self, name: str, value: str) -> None:
        self.headers[name] = value

    def clear_header(self, name: str) -> None:
        self.headers.pop(name, None)

    def write(self, text: str) -> None:
        self.steps.append(text)


class PlainDocument(PlainPage, DocHandler):
    """Stands for Bokeh's handler of a page."""


def open_page(kind: type, access: AccessControl | None, request: HTTPServerRequest) -> Any:
    page = restrict_page(kind)(access, request)
    run_in_new_loop(page.prepare())
    return page


def test_a_page_is_for_everybody_and_a_script_for_allowed_origins() -> None:
    access = AccessControl(1, [HOST])
    foreign, own = make_request(Origin="http://evil.org"), make_request(Origin=f"http://{HOST}")
    assert open_page(PlainDocument, access, foreign).steps == ["prepare"]
    with pytest.raises(HTTPError, match="403"):
        open_page(PlainPage, access, foreign)
    assert open_page(PlainPage, access, own).headers == {
        "Access-Control-Allow-Origin": f"http://{HOST}"
    }
    assert open_page(PlainPage, access, make_request()).headers == {}
    named = make_request("/?bokeh-session-id=a")
    for kind in (PlainPage, PlainDocument):
        with pytest.raises(HTTPError, match="403"):
            open_page(kind, access, named)
        # A server without access control is Bokeh's own.
        assert open_page(kind, None, named).steps == ["prepare"]
        assert open_page(kind, None, foreign).headers == {"Access-Control-Allow-Origin": "*"}


def test_a_full_server_answers_with_the_busy_page(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []
    monkeypatch.setattr(access_module, "build_pages_in_thread", built.append)
    access = AccessControl(1, [HOST])
    page = open_page(PlainDocument, access, make_request())
    run_in_new_loop(page.get())
    page.head()
    assert (page.steps, page.status) == (["prepare", "get"], 200)
    assert run_in_new_loop(page.get_session()) == "a session"
    assert built == ["an application"]
    page.application_context._sessions["a"] = None
    run_in_new_loop(page.get())
    assert "All places are taken" in page.steps[-1]
    assert (page.status, access.n_refused_sessions) == (503, 1)
    page.status = 0
    page.head()
    assert (page.status, access.n_refused_sessions) == (503, 1)
    plain = open_page(PlainDocument, None, make_request())
    plain.application_context._sessions["a"] = None
    plain.head()
    run_in_new_loop(plain.get())
    run_in_new_loop(plain.get_session())
    assert (plain.steps, plain.status) == (["prepare", "get"], 200)
    assert built == ["an application"]


class PlainSocket:
    """Stands for Bokeh's handler of a WebSocket; a message has a header and further fragments."""

    _HEADER = "header"

    def __init__(self, access: AccessControl | None, **headers: str) -> None:
        vars(self).update(vars(make_handler(access, Context(), **headers)))
        self.receiver: Any = None
        self.received, self.codes = [], []
        self.status, self.is_finished, self.is_prepared = 101, False, False

    async def prepare(self) -> None:
        self.is_prepared = True

    def check_origin(self, origin: str) -> str:
        return "Bokeh's own check"

    def set_status(self, status: int) -> None:
        self.status = status

    def finish(self) -> None:
        self.is_finished = True

    async def on_message(self, fragment: bytes) -> None:
        self.received.append(len(fragment))

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        self.codes.append(code)


def make_receiver(part: str) -> SimpleNamespace:
    return SimpleNamespace(_HEADER="header", _current_consumer=part)


def test_a_handshake_is_refused_before_it_is_prepared() -> None:
    access = AccessControl(1, [HOST])
    accepted = restrict_websocket(PlainSocket)(
        access, Origin=f"http://{HOST}", Sec_WebSocket_Protocol=f"bokeh, {make_token()}"
    )
    run_in_new_loop(accepted.prepare())
    assert (accepted.status, accepted.is_prepared, accepted.is_finished) == (101, True, False)
    assert not accepted.check_origin("http://evil.org")
    refused = restrict_websocket(PlainSocket)(access, Origin="http://evil.org")
    run_in_new_loop(refused.prepare())
    assert (refused.status, refused.is_prepared, refused.is_finished) == (403, False, True)
    plain = restrict_websocket(PlainSocket)(None, Origin="http://evil.org")
    run_in_new_loop(plain.prepare())
    assert (plain.is_prepared, plain.check_origin("a")) == (True, "Bokeh's own check")


def test_all_fragments_of_a_message_together_have_a_limit() -> None:
    socket = restrict_websocket(PlainSocket)(AccessControl(1, []))
    half = bytes(MAX_MESSAGE_BYTES // 2)

    async def send(part: str | None, *fragments: bytes) -> None:
        for fragment in fragments:
            socket.receiver = None if part is None else make_receiver(part)
            await socket.on_message(fragment)

    # The first fragment of a message begins the count anew.
    run_in_new_loop(send(None, half, half, half))
    run_in_new_loop(send("header", half, half, half))
    run_in_new_loop(send("content", half))
    assert socket.received == [len(half)] * 7
    assert socket.codes == []
    run_in_new_loop(send("content", b"x"))
    assert (socket.codes, len(socket.received)) == ([MESSAGE_TOO_BIG], 7)
    # What the browser still sends is ignored.
    run_in_new_loop(send("header", b"x"))
    assert (socket.codes, len(socket.received)) == ([MESSAGE_TOO_BIG], 7)
    plain = restrict_websocket(PlainSocket)(None)
    run_in_new_loop(plain.on_message(bytes(MAX_MESSAGE_BYTES + 1)))
    assert plain.codes == []


@pytest.mark.parametrize(
    ("code", "sent"),
    [(None, None), (1000, 1000), (4999, 4999), (5000, PROTOCOL_ERROR), (10_000, PROTOCOL_ERROR)],
)
def test_only_valid_codes_close_a_websocket(code: int | None, sent: int | None) -> None:
    socket = restrict_websocket(PlainSocket)(AccessControl(1, []))
    socket.close(code, "a reason of any length")
    assert socket.codes == [sent]
    assert (PROTOCOL_ERROR, MESSAGE_TOO_BIG) == (1002, 1009)


def test_each_page_and_websocket_is_restricted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Page(SessionHandler):
        pass

    class Socket(WSHandler):
        pass

    class Other:
        pass

    patterns: list[tuple] = [("/page", Page), ("/ws", Socket, {"a": 1}), ("/other", Other)]
    monkeypatch.setattr(access_module.urls, "per_app_patterns", patterns)
    install_access_control()
    (path, page), (socket_path, socket, options), other = patterns
    assert (path, socket_path, options) == ("/page", "/ws", {"a": 1})
    assert [page.__name__, socket.__name__] == ["RestrictedPage", "RestrictedWebSocket"]
    assert issubclass(page, Page)
    assert issubclass(socket, Socket)
    assert other == ("/other", Other)
    before = [*patterns]
    install_access_control()
    assert patterns == before
