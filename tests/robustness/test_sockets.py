"""What broken or hostile clients send over a websocket harms nobody but themselves."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

from benchmarks.load.visitors import Visitor
from benchmarks.sockets.fragments import KINDS
from benchmarks.sockets.malformed import Attacker, attack
from benchmarks.sockets.messages import CANARY
from tests.conftest import find_free_port, wait_for_port
from tests.support.servers import start_app


def run_apart(coroutine):
    """Run it in a thread of its own: Playwright may have left a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


async def send_endless(url):
    """A message of a thousand million parts, of which some are sent; how the socket is closed."""
    attacker = Attacker(url)
    await attacker.open()
    head = {"msgid": "1", "msgtype": "PATCH-DOC", "num_buffers": 10**9}
    parts = [json.dumps(head), "{}", '{"events": []}', *(['{"id": "a"}', b"0" * 2**20] * 20)]
    outcome = await attacker.send_parts(parts)
    return outcome, attacker.close_code


async def misbehave(url):
    done = await attack(url, 40, seed=2)
    outcome, code = await send_endless(url)
    visitor = Visitor(url)
    await visitor.open()
    assert visitor.errors == []
    await visitor.close()
    return done, outcome, code


def test_malformed_messages_end_at_most_the_socket_they_came_by(tmp_path):
    port = find_free_port()
    app = start_app({"PORT": str(port), "TMPDIR": str(tmp_path)})
    try:
        wait_for_port(port, timeout_s=180.0)
        done, outcome, code = run_apart(misbehave(f"http://localhost:{port}"))
        assert app.poll() is None
    finally:
        app.terminate()
        log = app.communicate(timeout=60)[1]
    assert sum(tally.total() for tally in done.outcomes.values()) == 40
    assert set(done.outcomes) <= set(KINDS)
    assert done.n_errors == 0
    assert done.n_frames > 0
    assert (outcome, code) == ("closed", 1009)
    assert CANARY not in log
    assert all(isinstance(json.loads(line), dict) for line in log.splitlines())
