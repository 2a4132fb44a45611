"""The store of runs: restored runs, access by key, expiry, damaged files, two processes."""

import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.preprocessing.scaling import Moments, RunningScaling
from clusterer.session.run import Run
from clusterer.session.saving.checkpoint import Checkpoint
from clusterer.session.saving.store import FILE, UPLOADS, RunStore, hash_key, make_key
from clusterer.stream import TableSource
from clusterer.tables import open_table
from tests.app.test_tables import write_blobs

ROOT = Path(__file__).resolve().parents[3]
FIND = """
import sys
from pathlib import Path
from clusterer.session.saving.store import RunStore

store = RunStore(Path(sys.argv[1]))
print(store.find(sys.argv[2]).n_seen)
store.close()
"""


@pytest.fixture
def store(tmp_path):
    store = RunStore(tmp_path / "store")
    yield store
    store.close()


def make_run(n=0, seed=5):
    run = Run(make_generator("drifting", seed=seed, noise=0.1), OnlineClusterer(n_prototypes=12))
    run.advance(n)
    return run


def continue_run(run):
    """Learn, record and change parameters."""
    run.advance(700)
    run.record()
    run.set("noise", 0.3)
    run.set("n_prototypes", 7)
    run.advance(300)
    run.record()
    return run


def test_a_restored_run_continues_bit_for_bit():
    run = continue_run(make_run(500))
    checkpoint = Checkpoint.take(run, is_playing=True, page_state={"x": "∞"})
    again = Checkpoint.read(*checkpoint.write())
    assert (again.is_playing, again.page_state) == (True, {"x": "∞"})
    twin = again.restore_run(make_generator("drifting", seed=5))
    for each in (run, twin):
        continue_run(each)
    ours, theirs = Checkpoint.take(run), Checkpoint.take(twin)
    assert ours.write()[1] == theirs.write()[1]
    ours, theirs = (json.loads(each.write()[0]) for each in (ours, theirs))
    assert ours == theirs


def test_a_restored_run_of_a_table_continues_at_its_row_with_its_scaling(tmp_path):
    write_blobs(tmp_path / "blobs.csv", n=900)

    def open_source():
        return TableSource(open_table(tmp_path / "blobs.csv"), ("width", "height"))

    known = Moments(np.zeros(2), np.ones(2), 0)
    run = Run(open_source(), OnlineClusterer(), scaling=RunningScaling.begin(known))
    run.advance(333)
    twin = Checkpoint.read(*Checkpoint.take(run).write()).restore_run(open_source())
    for each in (run, twin):
        each.advance(400)
    assert Checkpoint.take(run).write() == Checkpoint.take(twin).write()
    assert np.array_equal(run.recent_points.window.last(99), twin.recent_points.window.last(99))
    # The table has lost most of its rows since then.
    write_blobs(tmp_path / "blobs.csv", n=100)
    with pytest.raises(ValueError, match="has only 100 points now"):
        Checkpoint.take(run).restore_run(open_source())
    run.source.close()
    twin.source.close()


def test_a_run_without_points_is_restored_with_its_parameters():
    checkpoint = Checkpoint.read(*Checkpoint.take(make_run()).write())
    run = checkpoint.restore_run(make_generator("drifting", seed=5))
    assert (run.n_seen, run.model.n_prototypes) == (0, 12)


def test_a_run_is_found_by_its_key_only(store):
    key = make_key()
    store.put(key, Checkpoint.take(make_run(50)))
    store.flush()
    assert store.find(key).n_seen == 50
    for guess in (make_key(), "", hash_key(key), key[:-1], "' OR 1=1 --", "\ud800", key + "\0"):
        assert store.find(guess) is None
    # The files do not contain the key.
    assert all(key.encode() not in path.read_bytes() for path in store.folder.glob(f"{FILE}*"))
    assert store.folder.stat().st_mode & 0o077 == 0
    store.forget(key)
    assert store.find(key) is None


def test_old_runs_are_deleted_by_age_and_by_size(tmp_path):
    small_store = RunStore(tmp_path, days=7, most_bytes=2**20)
    keys = [make_key() for _ in range(4)]
    for key in keys:
        small_store.put(key, Checkpoint.take(make_run(10)))
    small_store.flush()
    small_store.close()
    for key in keys:
        (small_store.folder_for(key) / "upload-1").write_bytes(bytes(400_000))
    with sqlite3.connect(tmp_path / FILE) as connection:
        for age_days, key in zip((8, 3, 2, 1), keys, strict=True):
            connection.execute(
                "UPDATE runs SET stored_at = ? WHERE hash = ?",
                (time.time() - age_days * 86_400, hash_key(key)),
            )
        connection.commit()
        small_store.sweep(connection)
    connection.close()
    assert [small_store.find(key) is not None for key in keys] == [False, False, True, True]
    remaining = {folder.name for folder in (tmp_path / UPLOADS).iterdir()}
    assert remaining == {hash_key(key) for key in keys[2:]}


def test_a_damaged_run_or_database_does_not_stop_the_store(tmp_path):
    store = RunStore(tmp_path)
    key, other = make_key(), make_key()
    for each in (key, other):
        store.put(each, Checkpoint.take(make_run(20)))
    store.flush()
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("UPDATE runs SET model = x'00' WHERE hash = ?", (hash_key(key),))
        connection.commit()
    connection.close()
    assert store.find(key) is None
    assert store.find(other).n_seen == 20
    store.close()
    (tmp_path / FILE).write_bytes(b"no database" * 1000)
    for suffix in ("-wal", "-shm"):
        (tmp_path / f"{FILE}{suffix}").unlink(missing_ok=True)
    again = RunStore(tmp_path)
    assert again.find(other) is None
    again.put(key, Checkpoint.take(make_run(30)))
    again.flush()
    assert again.find(key).n_seen == 30
    again.close()


def find_in_another_process(folder, key):
    """Open and close the store in a process of its own; return the number of points of the run."""
    command = [sys.executable, "-c", FIND, str(folder), key]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=60)
    return int(found.stdout)


def test_a_connection_keeps_the_locks_on_the_file(tmp_path):
    """Without the locks, another process that closes the store deletes the log still in use.

    SQLite deletes the write-ahead log with the last connection. It recognises other connections
    by their POSIX locks, and a process loses these as soon as it closes any descriptor of the
    file.
    """
    store, key = RunStore(tmp_path), make_key()
    store.put(key, Checkpoint.take(make_run(10)))
    store.flush()
    assert store.find(key).n_seen == 10
    RunStore(tmp_path).close()
    log_file = (tmp_path / f"{FILE}-wal").stat().st_ino
    assert find_in_another_process(tmp_path, key) == 10
    assert (tmp_path / f"{FILE}-wal").stat().st_ino == log_file
    store.put(key, Checkpoint.take(make_run(20)))
    store.flush()
    assert find_in_another_process(tmp_path, key) == 20
    store.close()
