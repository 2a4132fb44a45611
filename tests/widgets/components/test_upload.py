"""Uploads through the messages of a browser, valid and forged."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clusterer.session.saving.store import RunStore, make_key
from widgets.components.upload import Upload


class Browser:
    """Sends the messages of a browser, and messages that only an attacker sends."""

    def __init__(self, folder: Path) -> None:
        self.files: list[tuple[bytes, str]] = []
        self.problems: list[str] = []
        self.upload = Upload(folder, on_file=self._take, on_problem=self.problems.append)

    def _take(self, path: Path, name: str) -> None:
        self.files.append((path.read_bytes(), name))

    def send(self, message: Any) -> None:
        self.upload._handle_msg(message)

    def begin(self, n_bytes: Any = 6, number: Any = 1) -> None:
        self.send({"kind": "begin", "number": number, "name": "t.csv", "n_bytes": n_bytes})

    def send_piece(self, start: Any, data: Any, number: Any = 1) -> None:
        self.send({"kind": "piece", "number": number, "start": start, "data": data})


@pytest.fixture
def saving_browser(tmp_path: Path):
    """A browser whose files are saved in a store, the run's folder, and a search for its files."""
    store = RunStore(tmp_path)
    browser = Browser(tmp_path)
    folder = store.folder_for(make_key())
    browser.upload.save_in(folder, store.make_upload_folder())

    def find() -> list[Path]:
        return [path for path in tmp_path.glob("**/upload-*") if path.is_file()]

    yield browser, folder, find
    store.close()


SavingBrowser = tuple[Browser, Path, Callable[[], list[Path]]]


def test_a_complete_file_is_saved_in_the_folder_of_the_run(saving_browser: SavingBrowser) -> None:
    browser, folder, find = saving_browser
    browser.begin()
    browser.send_piece(0, b"x\n1")
    assert len(find()) == 1
    assert list(folder.iterdir()) == []
    browser.send_piece(3, b"\n2\n")
    assert browser.files == [(b"x\n1\n2\n", "t.csv")]
    assert find() == list(folder.iterdir())
    # The store has deleted the run and its folder meanwhile.
    find()[0].unlink()
    folder.rmdir()
    browser.begin(0)
    assert len(list(folder.iterdir())) == 1
    assert browser.problems == []


@pytest.mark.parametrize(
    "end",
    [
        {"kind": "cancel", "number": 1},
        {"kind": "unreadable", "number": 1},
        {"kind": "piece", "number": 1, "start": 3, "data": 10**12},
        {"kind": "piece", "number": 1, "start": 3, "data": [1, 2, 3]},
        {"kind": "piece", "number": 1, "start": 3, "data": None},
        {"kind": "piece", "number": 1, "start": 0, "data": b"x"},
        {"kind": "piece", "number": 1, "start": None, "data": b"x"},
        {"kind": "piece", "number": 1, "start": 3, "data": b"far too much"},
        {"kind": "begin", "number": 2, "name": None, "n_bytes": -1},
        {"kind": "begin", "number": 2, "name": [], "n_bytes": "9"},
        {"kind": "begin", "number": 2, "name": "x" * 10**6, "n_bytes": 10**30},
        None,
    ],
    ids=str,
)
def test_an_interrupted_upload_leaves_no_file(
    saving_browser: SavingBrowser, end: dict[str, Any] | None
) -> None:
    browser, _, find = saving_browser
    browser.begin()
    browser.send_piece(0, b"x\n1")
    if end is None:
        browser.upload.stop()  # as a closed page does
    else:
        browser.send(end)
        assert all(len(problem) < 600 for problem in browser.problems)
    assert find() == []
    browser.send_piece(3, b"\n2\n")
    assert browser.files == []
    # The next upload works.
    browser.begin(number=7)
    browser.send_piece(0, b"x\n1\n2\n", number=7)
    assert len(browser.files) == len(find()) == 1


@pytest.mark.parametrize("message", [None, [], "begin", 3, {}, {"kind": []}, {"number": {}}])
def test_an_invalid_message_changes_nothing(saving_browser: SavingBrowser, message: Any) -> None:
    browser, _, find = saving_browser
    browser.begin()
    browser.send(message)
    browser.send_piece(0, b"x\n1\n2\n")
    assert len(browser.files) == len(find()) == 1
    assert browser.problems == []


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    browser = Browser(tmp_path / "gone")
    browser.begin()
    assert browser.problems == ["t.csv could not be saved: No such file or directory. Try again."]
