"""Clients whose connections are cut restore their runs, also on a full server."""

import pytest

from tests.robustness.sockets.reconnection import cut_rounds
from tests.support.servers import serve_app
from tests.support.threads import run_in_new_loop

N_CLIENTS = 3
BUSY = str(N_CLIENTS + 1)  # as many sessions as clients and pages


@pytest.mark.parametrize(
    ("n_rounds", "most_sessions"),
    [
        (1, "200"),
        pytest.param(18, "200", marks=pytest.mark.long),
        pytest.param(7, BUSY, marks=pytest.mark.long),
    ],
)
def test_cut_connections_cost_no_run(tmp_path, chromium_path, n_rounds, most_sessions):
    environment = {"ORIGINS": "*", "MOST_SESSIONS": most_sessions, "TMPDIR": str(tmp_path)}
    with serve_app(tmp_path / "log", **environment) as url:
        of_clients, of_pages = run_in_new_loop(cut_rounds(url, n_rounds, N_CLIENTS, chromium_path))
    for name, found in (("clients", of_clients), ("pages", of_pages)):
        print(name, *(f"{each.took_s:.1f} s" for each in sorted(found)))
    assert len(of_pages) == n_rounds
    assert all(each.is_restored for each in (*of_clients, *of_pages))
