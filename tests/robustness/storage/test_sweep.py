"""Random actions on a store: what an open page holds is never deleted, whatever the clock says."""

import os
import random
import time
from pathlib import Path

import pytest

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.session.run import Run
from clusterer.session.saving.checkpoint import Checkpoint
from clusterer.session.saving.store import RunStore, make_key

MOST_BYTES = 300_000
DAY_S = 86_400.0


class StoreUser:
    """Opens and closes pages of a small store, saves their runs and sets the clock."""

    def __init__(self, folder: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self._random = folder, random.Random(seed)
        self._shift_s = 0.0
        self._held: dict[str, bool] = {}
        self._closed: list[str] = []
        now = time.time
        monkeypatch.setattr(
            "clusterer.session.saving.run_file.time.time", lambda: now() + self._shift_s
        )
        run = Run(make_generator("blobs"), OnlineClusterer(12))
        run.advance(50)
        self._checkpoint = Checkpoint.take(run)
        self.store = RunStore(folder, days=1, most_bytes=MOST_BYTES)
        self.n_deleted = 0

    def act(self) -> None:
        actions = (self.open, self.open, self.save, self.close, self.set_clock, self.restart)
        self._random.choice(actions)()
        self.store.flush()
        self.store.sweep()
        self.check()

    def open(self) -> None:
        key = self._random.choice(self._closed) if self._closed else ""
        if not key or self._random.random() < 0.5 or self.store.find(key) is None:
            key = make_key()
            self._held[key] = False
        else:
            self._closed.remove(key)
            self._held[key] = True
        self.store.hold(key)
        path = self.store.folder_for(key) / "upload-1"
        path.write_bytes(bytes(self._random.randrange(200_000)))
        old = time.time() - self._random.uniform(0, 30) * DAY_S
        os.utime(path.parent, (old, old))

    def save(self) -> None:
        for key in self._held:
            self.store.put(key, self._checkpoint)
            self._held[key] = True

    def close(self) -> None:
        if self._held:
            key = self._random.choice(list(self._held))
            if self._held.pop(key):
                self._closed.append(key)
            self.store.release(key)

    def set_clock(self) -> None:
        self._shift_s += self._random.uniform(-40, 40) * DAY_S

    def restart(self) -> None:
        self.store.close()
        self.store = RunStore(self._folder, days=1, most_bytes=MOST_BYTES)
        for key in self._held:
            self.store.hold(key)

    def check(self) -> None:
        for key, is_saved in self._held.items():
            assert (self.store.folder_for(key) / "upload-1").exists()
            assert not is_saved or self.store.find(key) is not None
        n_closed = len(self._closed)
        self._closed = [key for key in self._closed if self.store.find(key) is not None]
        self.n_deleted += n_closed - len(self._closed)


@pytest.mark.parametrize("n_actions", [40, pytest.param(2_000, marks=pytest.mark.long)])
def test_no_run_of_an_open_page_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_actions: int
) -> None:
    user = StoreUser(tmp_path, 1, monkeypatch)
    try:
        for _ in range(n_actions):
            user.act()
    finally:
        user.store.close()
    # Otherwise the sweep would have had nothing to do.
    assert user.n_deleted > 0
