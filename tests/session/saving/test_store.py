"""The store of runs: restored runs, access by key, expiry, damaged files, two processes."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.preprocessing.scaling import Moments, RunningScaling
from clusterer.session.run import Run
from clusterer.session.saving.checkpoint import Checkpoint
from clusterer.session.saving.run_file import FILE, RunFile
from clusterer.session.saving.store import UPLOADS, RunStore, hash_key, make_key
from clusterer.stream import TableSource
from clusterer.tables import open_table
from tests.app.test_tables import write_blobs
from tests.support.screens import wait_until

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


def save(store, n, key=None):
    key = key or make_key()
    store.put(key, Checkpoint.take(make_run(n)))
    store.flush()
    return key


@pytest.fixture
def limit(monkeypatch):
    """Let every connection of the store fail to write, as on a full, read-only or locked disk."""
    connect = RunFile.connect
    limits = []

    def connect_limited(file):
        connection = connect(file)
        for statement in limits:
            connection.execute(statement)
        return connection

    monkeypatch.setattr(RunFile, "connect", connect_limited)
    monkeypatch.setattr("clusterer.session.saving.run_file.LOCK_TIMEOUT_S", 0.05)
    monkeypatch.setattr("clusterer.session.saving.store.RETRY_S", 0.05)
    return limits


PROBLEMS = {
    "full": ("PRAGMA max_page_count = 1", "database or disk is full"),
    "read-only": ("PRAGMA query_only = ON", "attempt to write a readonly database"),
}


@pytest.mark.parametrize("kind", PROBLEMS)
def test_a_disk_that_cannot_be_written_is_no_damage(tmp_path, limit, kind):
    statement, problem = PROBLEMS[kind]
    store = RunStore(tmp_path)
    old = save(store, 20)
    store.close()
    limit.append(statement)
    store = RunStore(tmp_path)
    new = save(store, 5_000)
    wait_until(lambda: store.problem)
    assert store.problem == problem
    assert [store.find(key).n_seen for key in (old, new)] == [20, 5_000]
    newer = save(store, 6_000, key=new)
    assert store.find(newer).n_seen == 6_000
    assert not [*tmp_path.glob("damaged*")]
    limit.clear()
    wait_until(lambda: not store.problem)
    store.flush()
    store.close()
    again = RunStore(tmp_path)
    assert [again.find(key).n_seen for key in (old, new)] == [20, 6_000]
    again.close()


def test_a_locked_file_is_no_damage(tmp_path, limit):
    store = RunStore(tmp_path)
    old = save(store, 20)
    with sqlite3.connect(tmp_path / FILE, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        new = save(store, 30)
        wait_until(lambda: store.problem)
        assert [store.find(key).n_seen for key in (old, new)] == [20, 30]
        other.execute("ROLLBACK")
    other.close()
    wait_until(lambda: not store.problem)
    store.flush()
    assert find_in_another_process(tmp_path, new) == 30
    assert not [*tmp_path.glob("damaged*")]
    store.close()


def test_only_so_many_checkpoints_wait_for_the_disk(tmp_path, limit, monkeypatch):
    monkeypatch.setattr("clusterer.session.saving.store.MAX_WAITING_BYTES", 1)
    limit.append(PROBLEMS["full"][0])
    store = RunStore(tmp_path)
    keys = [save(store, 2_000) for _ in range(3)]
    wait_until(lambda: store.problem and not any(store.find(key) for key in keys))
    store.close()


def test_a_folder_that_cannot_be_created_is_a_problem(tmp_path):
    (tmp_path / "file").write_text("")
    store = RunStore(tmp_path / "file" / "store")
    assert "ot a directory" in store.problem or "exists" in store.problem
    key = save(store, 10)
    assert store.find(key).n_seen == 10
    with pytest.raises(OSError, match=store.problem):
        store.make_upload_folder()
    store.close()


def write_damaged_file(folder):
    """Return the keys of some runs, and the contents of their file, which is damaged."""
    store = RunStore(folder)
    keys = [save(store, 300) for _ in range(12)]
    store.close()
    contents = bytearray((folder / FILE).read_bytes())
    # Behind the first pages, so that the file opens.
    for start in range(5 * 4096, len(contents), 4096):
        contents[start : start + 64] = b"\xa5" * 64
    (folder / FILE).write_bytes(contents)
    return keys, contents


def test_a_damaged_file_is_put_aside_with_all_that_belongs_to_it(tmp_path):
    for number in (1, 2):
        keys, contents = write_damaged_file(tmp_path)
        store = RunStore(tmp_path)
        for key in keys:
            store.find(key)
        wait_until(lambda: (tmp_path / f"damaged-{number}" / FILE).exists())  # noqa: B023
        assert (tmp_path / f"damaged-{number}" / FILE).read_bytes()[-4096:] == contents[-4096:]
        wait_until(lambda: not store.problem)  # noqa: B023
        key = save(store, 10)
        assert store.find(key).n_seen == 10
        store.close()


def test_a_file_is_not_moved_while_a_reader_has_it_open(tmp_path, monkeypatch):
    keys, _ = write_damaged_file(tmp_path)
    store = RunStore(tmp_path)
    connect, moved_meanwhile = RunFile.connect, []

    def connect_slowly(file):
        connection = connect(file)
        if threading.current_thread() is threading.main_thread():
            before = file.path.stat().st_ino
            # The store's thread would have moved the file by now.
            time.sleep(0.02)
            moved_meanwhile.append(file.path.stat().st_ino != before)
        return connection

    monkeypatch.setattr(RunFile, "connect", connect_slowly)
    for key in keys * 3:
        store.find(key)
    wait_until(lambda: (tmp_path / "damaged-1" / FILE).exists())
    wait_until(lambda: not store.problem)
    store.close()
    assert not any(moved_meanwhile)
    assert len([*tmp_path.glob("damaged-*")]) == 1


def test_the_log_of_a_damaged_file_restores_it(tmp_path):
    store = RunStore(tmp_path)
    key = save(store, 10)
    log_file = (tmp_path / f"{FILE}-wal").read_bytes()
    store.close()
    (tmp_path / FILE).write_bytes(b"no database" * 1000)
    (tmp_path / f"{FILE}-wal").write_bytes(log_file)
    store = RunStore(tmp_path)
    assert not store.problem
    assert store.find(key).n_seen == 10
    assert not [*tmp_path.glob("damaged*")]
    store.close()


def test_a_folder_that_is_removed_is_created_again(tmp_path):
    store = RunStore(tmp_path / "store")
    old = save(store, 10)
    shutil.rmtree(tmp_path / "store")
    assert store.find(old) is None
    new = save(store, 20)
    wait_until(lambda: not store.problem)
    store.flush()
    assert store.find(new).n_seen == 20
    assert store.folder_for(new).is_dir()
    assert store.make_upload_folder().is_dir()
    store.close()
    assert find_in_another_process(tmp_path / "store", new) == 20


def test_what_an_open_page_holds_is_never_deleted(tmp_path, monkeypatch):
    store = RunStore(tmp_path, most_bytes=2**20)
    held, twice, other = (save(store, 10) for _ in range(3))
    unsaved = make_key()
    for key in (held, twice, twice, unsaved):
        store.hold(key)
    store.release(twice)
    for key in (held, twice, other, unsaved):
        (store.folder_for(key) / "upload-1").write_bytes(bytes(2**20))
    week_ago = time.time() - 8 * 86_400
    os.utime(store.folder_for(unsaved), (week_ago, week_ago))
    store.close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("UPDATE runs SET stored_at = 0")
    connection.close()
    store.sweep()
    assert [store.find(key) is not None for key in (held, twice, other)] == [True, True, False]
    assert (store.folder_for(unsaved) / "upload-1").exists()
    for key in (held, twice, unsaved):
        store.release(key)
    os.utime(store.folder_for(unsaved), (week_ago, week_ago))
    store.sweep()
    assert not (tmp_path / UPLOADS / hash_key(unsaved)).exists()
    # Both were held lately, so they are not old; together they are too large.
    assert sum(store.find(key) is not None for key in (held, twice)) <= 1


def test_a_jump_of_the_clock_makes_no_run_old(tmp_path, monkeypatch):
    store = RunStore(tmp_path)
    key = save(store, 10)
    store.close()
    now = time.time()
    for days in (8, -30, 400):
        monkeypatch.setattr(
            "clusterer.session.saving.run_file.time.time", lambda days=days: now + days * 86_400
        )
        store = RunStore(tmp_path)
        save(store, 20)
        store.close()
        store.sweep()
        assert store.find(key).n_seen == 10


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
    connection.close()
    small_store.sweep()
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


def test_a_run_that_cannot_be_read_now_is_no_lost_run(tmp_path):
    folder, place = tmp_path / "folder", tmp_path / "store"

    def point_to(target):
        # In one step: in between, the thread of the store would make another folder.
        link = tmp_path / "link"
        link.symlink_to(target)
        link.replace(place)

    folder.mkdir()
    point_to(folder)
    store = RunStore(place)
    key = save(store, 20)
    # As if the disk did not answer: the folder is away, and nobody can make another one.
    (tmp_path / "file").touch()
    point_to(tmp_path / "file")
    for _ in range(2):
        with pytest.raises(OSError, match="unable to open database file"):
            store.read(key)
        assert store.find(key) is None
    assert store.problem == "unable to open database file"
    point_to(folder)
    assert store.read(key).n_seen == 20
    assert store.read(make_key()) is None
    store.close()


def test_a_table_that_cannot_be_read_now_is_no_lost_run(store, monkeypatch):
    key = save(store, 20)
    (store.folder_for(key) / "upload-1").write_text("x\n1\n")
    assert store.read(key).n_seen == 20
    real_open = Path.open

    def open_or_fail(path, *args, **options):
        if path.name == "upload-1":
            raise OSError(5, "Input/output error")
        return real_open(path, *args, **options)

    monkeypatch.setattr(Path, "open", open_or_fail)
    with pytest.raises(OSError, match="Input/output error"):
        store.read(key)
    monkeypatch.undo()
    assert store.read(key).n_seen == 20


HOLD = """
import sys
from pathlib import Path
from clusterer.session.saving.store import RunStore

store = RunStore(Path(sys.argv[1]))
print(store.problem or "ok", flush=True)
sys.stdin.readline()
"""


def test_a_second_process_says_so_and_takes_over_when_the_first_one_is_killed(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("clusterer.session.saving.store.RETRY_S", 0.05)
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout.readline() == "ok\n"
        second = RunStore(tmp_path)
        assert second.problem.startswith("another server saves its runs in this folder")
        key = save(second, 20)
        # What cannot be written yet waits in memory.
        assert second.find(key).n_seen == 20
        first.kill()
    wait_until(lambda: not second.problem)
    second.flush()
    assert find_in_another_process(tmp_path, key) == 20
    second.close()


def test_a_store_keeps_its_lock_when_the_folder_is_made_again(tmp_path):
    store = RunStore(tmp_path / "store")
    shutil.rmtree(tmp_path / "store")
    save(store, 10)
    wait_until(lambda: (tmp_path / "store" / FILE).exists())
    other = RunStore(tmp_path / "store")
    assert "another server" in other.problem
    other.close()
    store.close()
    last = RunStore(tmp_path / "store")
    assert not last.problem
    last.close()
