"""Runs that are kept: what comes back, to whom, for how long, and after the server was killed."""

import json
import sqlite3
import time

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


@pytest.fixture
def store(tmp_path):
    store = RunStore(tmp_path / "store")
    yield store
    store.close()


def make_run(n=0, seed=5):
    run = Run(make_generator("drifting", seed=seed, noise=0.1), OnlineClusterer(n_prototypes=12))
    run.advance(n)
    return run


def go_on(run):
    """Some of all that may happen to a run."""
    run.advance(700)
    run.record()
    run.set("noise", 0.3)
    run.set("n_prototypes", 7)
    run.advance(300)
    run.record()
    return run


def test_a_run_that_came_back_goes_on_as_if_nothing_had_happened():
    run = go_on(make_run(500))
    checkpoint = Checkpoint.take(run, is_playing=True, page_state={"x": "∞"})
    again = Checkpoint.read(*checkpoint.write())
    assert (again.is_playing, again.page_state) == (True, {"x": "∞"})
    twin = again.restore_run(make_generator("drifting", seed=5))
    for each in (run, twin):
        go_on(each)
    ours, theirs = Checkpoint.take(run), Checkpoint.take(twin)
    assert ours.write()[1] == theirs.write()[1]
    ours, theirs = (json.loads(each.write()[0]) for each in (ours, theirs))
    # Told to be played by nobody.
    assert ours == theirs


def test_a_table_goes_on_at_its_row_in_its_units(tmp_path):
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
    # Half of the table is gone meanwhile.
    write_blobs(tmp_path / "blobs.csv", n=100)
    with pytest.raises(ValueError, match="has only 100 points now"):
        Checkpoint.take(run).restore_run(open_source())
    run.source.close()
    twin.source.close()


def test_before_the_first_point_the_parameters_come_back():
    checkpoint = Checkpoint.read(*Checkpoint.take(make_run()).write())
    run = checkpoint.restore_run(make_generator("drifting", seed=5))
    assert (run.n_seen, run.model.n_prototypes) == (0, 12)


def test_only_who_has_the_key_finds_a_run(store):
    key = make_key()
    store.put(key, Checkpoint.take(make_run(50)))
    store.flush()
    assert store.find(key).n_seen == 50
    for guess in (make_key(), "", hash_key(key), key[:-1], "' OR 1=1 --", "\ud800", key + "\0"):
        assert store.find(guess) is None
    # Whoever reads the files can't come back either.
    assert all(key.encode() not in path.read_bytes() for path in store.folder.glob(f"{FILE}*"))
    assert store.folder.stat().st_mode & 0o077 == 0
    store.forget(key)
    assert store.find(key) is None


def test_the_oldest_are_forgotten_by_age_and_by_size(tmp_path):
    with_room = RunStore(tmp_path, days=7, most_bytes=2**20)
    keys = [make_key() for _ in range(4)]
    for key in keys:
        with_room.put(key, Checkpoint.take(make_run(10)))
    with_room.flush()
    with_room.close()
    for key in keys:
        (with_room.folder_for(key) / "upload-1").write_bytes(bytes(400_000))
    with sqlite3.connect(tmp_path / FILE) as connection:
        for age_days, key in zip((8, 3, 2, 1), keys, strict=True):
            connection.execute(
                "UPDATE runs SET stored_at = ? WHERE hash = ?",
                (time.time() - age_days * 86_400, hash_key(key)),
            )
        connection.commit()
        with_room.sweep(connection)
    connection.close()
    assert [with_room.find(key) is not None for key in keys] == [False, False, True, True]
    left = {folder.name for folder in (tmp_path / UPLOADS).iterdir()}
    assert left == {hash_key(key) for key in keys[2:]}


def test_damage_costs_a_run_and_not_the_server(tmp_path):
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
