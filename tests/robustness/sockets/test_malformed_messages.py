"""Malformed websocket messages harm no session but the sender's."""

import json
import statistics
from collections import Counter

import pytest

from tests.robustness.sockets.attack import Attack, Attacker, attack
from tests.robustness.sockets.invalid_contents import MARKER
from tests.robustness.sockets.malformed_messages import KINDS
from tests.support.servers import serve_app
from tests.support.threads import run_in_new_loop
from tests.support.websocket_client import WebSocketClient


async def send_many_buffers(url: str) -> tuple[str, int | None]:
    """Announce 10⁹ buffers and send some of them; return the outcome and the close code."""
    attacker = Attacker(url)
    await attacker.open()
    head = {"msgid": "1", "msgtype": "PATCH-DOC", "num_buffers": 10**9}
    parts = [json.dumps(head), "{}", '{"events": []}', *(['{"id": "a"}', b"0" * 2**20] * 20)]
    outcome = await attacker.send_parts(parts)
    return outcome, attacker.close_code


async def attack_and_open(url: str, n: int, seed: int) -> tuple[Attack, str, int | None]:
    """Attack the server, then open a page as usual."""
    done = await attack(url, n, seed)
    outcome, code = await send_many_buffers(url)
    client = WebSocketClient(url)
    await client.open()
    assert client.errors == []
    await client.close()
    return done, outcome, code


@pytest.mark.parametrize(
    ("n_messages", "seed"), [(40, 2), pytest.param(1000, 1, marks=pytest.mark.long)]
)
def test_malformed_messages_close_at_most_their_own_socket(tmp_path, n_messages, seed):
    log = tmp_path / "log"
    with serve_app(log, TMPDIR=str(tmp_path)) as url:
        done, outcome, code = run_in_new_loop(attack_and_open(url, n_messages, seed))
    print(sum(done.outcomes.values(), Counter()))
    print(f"the observer's response times: median {statistics.median(done.response_times):.2f} s")
    print(f"memory at most {done.growth_mb:.0f} MB more")
    assert sum(tally.total() for tally in done.outcomes.values()) == n_messages
    assert set(done.outcomes) <= set(KINDS)
    assert done.n_errors == 0
    assert done.n_frames > 0
    assert (outcome, code) == ("closed", 1009)
    text = log.read_text("utf-8")
    assert MARKER not in text
    assert all(isinstance(json.loads(line), dict) for line in text.splitlines())
