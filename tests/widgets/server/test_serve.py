"""A running server: access, headers, health, metrics and shutdown."""

import asyncio
import base64
import json
import re
import time
import urllib.error
import urllib.request
from itertools import product
from pathlib import Path

import pytest
from bokeh.util.token import generate_jwt_token, generate_session_id, get_session_id
from tornado.httpclient import HTTPClientError

from tests.support.servers import find_free_port, start_app, wait_for_port
from tests.support.threads import run_in_new_loop
from tests.support.websocket_client import WebSocketClient

SECRET = "a secret of the tests"
# A file name that the log must not contain.
SECRET_NAME = "secret-3f71.csv"


class Served:
    """The app as a separate process, with at most six sessions."""

    def __init__(self, folder: Path, **more: str) -> None:
        port = find_free_port()
        self.url = f"http://localhost:{port}"
        self.folder = folder
        self.app = start_app(
            {"PORT": str(port), "MOST_SESSIONS": "6", "SECRET": SECRET, "TMPDIR": str(folder)}
            | more
        )
        wait_for_port(port, timeout_s=180.0)

    def end(self) -> str:
        """Stop the app as a service manager does, and return its log."""
        self.app.terminate()
        return self.app.communicate(timeout=60)[1]

    def fetch(
        self, path: str, method: str = "GET", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], str]:
        request = urllib.request.Request(self.url + path, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, dict(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read().decode()

    def count(self, name: str) -> float:
        found = re.search(rf"^clusterer_{name} (\S+)$", self.fetch("/metrics")[2], re.MULTILINE)
        return float(found[1])

    def kill(self) -> None:
        self.app.kill()
        self.app.communicate()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    server = Served(tmp_path_factory.mktemp("tmp"))
    yield server
    server.kill()


@pytest.fixture
def start(tmp_path):
    """Starts servers that end with the test."""
    servers = []

    def start_one(**more):
        servers.append(Served(tmp_path, **more))
        return servers[-1]

    yield start_one
    for server in servers:
        if server.app.poll() is None:
            server.kill()


def make_token(expiration=300, secret=SECRET):
    key = secret.encode()
    return generate_jwt_token(
        generate_session_id(key, signed=True), key, signed=True, expiration=expiration
    )


async def is_accepted(served, token, origin=""):
    client = WebSocketClient(served.url)
    try:
        await client.connect(token, origin)
    except HTTPClientError as error:
        if error.code != 403:
            raise
        return False
    await client.close()
    return True


def test_foreign_origins_and_invalid_tokens_are_refused_before_the_handshake(served):
    host = served.url.removeprefix("http://")
    foreign = [
        None,
        "null",
        "https://example.org",
        f"http://{host}.example.org",
        f"http://example.org/{host}",
        f"http://{host}@example.org",
        f"http://evil-{host}",
        f"http://{host}0",
        f"http://localh\u00f6st:{host.partition(':')[2]}",
        "http://[::1",
        "http://localhost",
        f"ftp://{host}",
    ]
    forged = [
        make_token(secret="another"),
        make_token()[:-4] + "AAAA",
        make_token().partition(".")[0],
        make_token(expiration=-10),
        "nonsense",
        "",
    ]

    async def try_all():
        for origin in foreign:
            assert not await is_accepted(served, make_token(), origin), origin
        for token in forged:
            assert not await is_accepted(served, token), token
        assert await is_accepted(served, make_token())
        assert await is_accepted(served, make_token(), f"HTTP://{host.upper()}")

    for token in forged[:4]:
        assert served.fetch(f"/?bokeh-token={token}")[0] == 403
    run_in_new_loop(try_all())
    assert served.count("origins_refused_total") == len(foreign)
    assert served.count("tokens_refused_total") == len(forged) + 4
    wait_until_empty(served)


def test_no_request_chooses_its_session(served):
    # The attacker has got a session of this server, signed, and sends its id to a visitor.
    page = served.fetch("/")[2]
    token = re.search(r'"token":"([^"]+)"', page)[1]
    session_id = get_session_id(token)
    n_refused = served.count("tokens_refused_total")
    n_sessions = served.count("sessions")
    paths = [
        f"/?bokeh-session-id={session_id}",
        f"/?theme=dark&Bokeh-Session-Id={session_id}",
        f"/?bokeh-token={token}",
        f"/autoload.js?bokeh-autoload-element=a&bokeh-session-id={session_id}",
        f"/metadata?bokeh-session-id={session_id}",
    ]
    headers = [{"Bokeh-Session-Id": session_id}, {"Cookie": f"bokeh-session-id={session_id}"}]
    for answer in [
        *(served.fetch(path) for path in paths),
        *(served.fetch("/", headers=each) for each in headers),
        *(served.fetch("/", method="HEAD", headers=each) for each in headers),
    ]:
        assert answer[0] == 403
        assert session_id not in answer[2]
    assert "Open the page without bokeh-session-id" in served.fetch(paths[0])[2]
    assert served.count("tokens_refused_total") == n_refused + 10
    assert served.count("sessions") == n_sessions
    wait_until_empty(served)


def test_scripts_and_data_are_for_pages_of_allowed_origins(served):
    foreign = [
        {"Origin": "https://example.org"},
        {"Origin": "null"},
        {"Referer": "https://example.org/page"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://example.org", "Referer": served.url},
    ]
    paths = "/autoload.js?bokeh-autoload-element=a", "/metadata"
    for path, headers in product(paths, foreign):
        status, answer, text = served.fetch(path, headers=headers)
        assert (status, "token" in text) == (403, False), (path, headers)
        assert "https://example.org" not in answer.values()
    assert served.count("sessions") == 0
    own = [{}, {"Origin": served.url}, {"Referer": f"{served.url}/a?b"}]
    for path, headers in product(paths, own):
        status, answer, _ = served.fetch(path, headers=headers)
        assert status == 200, (path, headers)
        assert answer.get("Access-Control-Allow-Origin", "") in ("", headers.get("Origin"))
    wait_until_empty(served)


def test_a_server_without_a_usable_store_says_so_and_serves(start, tmp_path):
    (tmp_path / "file").write_text("")
    served = start(STORE=str(tmp_path / "file" / "store"))
    assert "irectory" in json.loads(served.fetch("/health")[2])["store"]

    async def watch():
        client = WebSocketClient(served.url)
        await client.open()
        while len(client.frame_times) < 3:
            await asyncio.sleep(0.1)
        errors = client.errors
        await client.close()
        return errors

    assert run_in_new_loop(watch()) == []
    assert "runs cannot be saved" in served.end()


def wait_until_empty(served):
    deadline = time.monotonic() + 90
    while served.count("sessions"):
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_a_full_server_shows_the_busy_page_and_starts_no_engine(start):
    served = start(MOST_SESSIONS="2")

    async def crowd():
        clients = [WebSocketClient(served.url), WebSocketClient(served.url)]
        for client in clients:
            await client.open()
        status, headers, page = await asyncio.to_thread(served.fetch, "/")
        assert (status, headers["Retry-After"]) == (503, "20")
        assert "Please try again in a minute" in page
        assert (await asyncio.to_thread(served.fetch, "/", "HEAD"))[0] == 503
        with pytest.raises(HTTPClientError, match="503"):
            await WebSocketClient(served.url).connect(make_token())
        health = json.loads((await asyncio.to_thread(served.fetch, "/health"))[2])
        assert (health["status"], health["sessions"], health["most_sessions"]) == ("full", 2, 2)
        assert await asyncio.to_thread(served.count, "engines") == 2
        assert await asyncio.to_thread(served.count, "sessions_refused_total") == 2
        # The open sessions continue.
        n_frames = len(clients[0].frame_times)
        while len(clients[0].frame_times) < n_frames + 3:
            await asyncio.sleep(0.1)
        for client in clients:
            assert client.errors == []
            await client.close()

    run_in_new_loop(crowd())
    assert served.count("points_learned_total") > 0
    assert served.fetch("/health")[0] == 200


def test_every_answer_has_the_security_headers(served):
    for path in ("/", "/health", "/metrics", "/static/js/bokeh.min.js", "/nowhere"):
        headers = served.fetch(path)[1]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "SAMEORIGIN"
        assert headers["Referrer-Policy"] == "same-origin"
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'self'" in policy
        assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
        assert "Server" not in headers


def test_a_stopped_server_leaves_no_files_and_a_restart_deletes_old_ones(start, tmp_path):
    """The files include incomplete uploads in the store of saved runs."""
    strangers, store = tmp_path / "clusterer-of-a-stranger", tmp_path / "store"
    strangers.mkdir()

    async def upload_partly(served):
        client = WebSocketClient(served.url, f"?source=table&{SECRET_NAME}")
        await client.open()
        upload = client.models["Upload"]["id"]
        begin = {"kind": "begin", "number": 1, "name": SECRET_NAME, "n_bytes": 10_000}
        client.send_message(upload, begin)
        piece = {"type": "bytes", "data": base64.b64encode(bytes(5_000)).decode()}
        client.send_message(upload, {"kind": "piece", "number": 1, "start": 0, "data": piece})
        # A number instead of bytes: the server must not allocate that many zeros.
        client.send_message(upload, {"kind": "piece", "number": 2, "start": 0, "data": 10**12})
        deadline = time.monotonic() + 60
        while not find_uploads():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
        await client.close()

    def find_uploads():
        return list(store.glob("**/upload-*"))

    first = start(STORE=str(store))
    run_in_new_loop(upload_partly(first))
    first.kill()
    (incomplete,) = find_uploads()
    left = [path for path in tmp_path.glob("clusterer-*") if path != strangers]
    assert len(left) == 1
    second = start(STORE=str(store))
    assert not left[0].exists()
    assert not incomplete.exists()
    run_in_new_loop(upload_partly(second))
    log = second.end()
    assert second.app.returncode == 0
    assert sorted(tmp_path.iterdir()) == [strangers, store]
    assert find_uploads() == []
    events = [json.loads(line)["event"] for line in log.splitlines()]
    assert "server stopped; open sessions: 1" in events
    assert SECRET_NAME not in log
