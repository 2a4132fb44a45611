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
        self.answers: list[dict[str, Any]] = []
        self.n_begun = 0
        self.upload = Upload(
            folder, on_file=self._take, on_problem=self.problems.append, on_begin=self._count
        )
        self.upload._send_msg = self.answers.append

    def _count(self) -> None:
        self.n_begun += 1

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


def test_the_browser_is_told_when_to_send_and_when_to_stop(tmp_path: Path) -> None:
    browser = Browser(tmp_path)
    browser.begin(4, number=5)
    for start in range(4):
        browser.send_piece(start, b"x", number=5)
    go, *more, stop = browser.answers
    assert go == {"kind": "go", "number": 5, "n_bytes": 0}
    assert more == [{"kind": "more", "number": 5, "n_bytes": n} for n in (1, 2, 3)]
    assert stop == {"kind": "stop", "number": 5}
    assert browser.n_begun == 1
    # A piece of an earlier file changes nothing, a wrong one ends the upload.
    browser.answers.clear()
    browser.begin(4, number=6)
    browser.send_piece(0, b"x", number=5)
    browser.send_piece(1, b"x", number=6)
    assert [(each["kind"], each["number"]) for each in browser.answers] == [("go", 6), ("stop", 6)]
    browser.send({"kind": "unreadable", "number": 6})
    assert browser.problems == ["t.csv could not be saved: a piece is missing. Try again."]


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("", 2**30),
        ("1", 2**20),
        ("0.5", 2**19),
        ("2000", 2000 * 2**20),
        ("many", 2**30),
        ("0", 1),
        ("-1", 1),
    ],
)
def test_a_file_may_have_as_many_bytes_as_the_server_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, most: int
) -> None:
    monkeypatch.setenv("MAX_UPLOAD_MB", text)
    browser = Browser(tmp_path)
    browser.begin(most + 1)
    assert browser.answers == [{"kind": "stop", "number": 1}]
    (problem,) = browser.problems
    assert "t.csv has" in problem
    assert "MAX_UPLOAD_MB" in problem
    assert browser.n_begun == 0
    assert [*tmp_path.iterdir()] == []
    browser.begin(most, number=2)
    assert browser.answers[1:] == [{"kind": "go", "number": 2, "n_bytes": 0}]
    assert browser.n_begun == len([*tmp_path.iterdir()]) == 1
    browser.upload.stop()


def test_files_of_one_name_do_not_replace_each_other(tmp_path: Path) -> None:
    browser = Browser(tmp_path)
    for number in range(3):
        browser.begin(1, number)
        browser.send_piece(0, b"x", number)
    browser.send({"kind": "begin", "number": 3, "name": "n" * 400, "n_bytes": 0})
    paths = sorted(tmp_path.iterdir())
    # The order of their names is the order in which they arrived.
    assert [path.name.split("-")[1] for path in paths] == ["1", "2", "3", "4"]
    assert [name for _, name in browser.files] == ["t.csv"] * 3 + ["n" * 300]


def test_the_help_says_how_long_a_file_is_kept(
    saving_browser: SavingBrowser, tmp_path: Path
) -> None:
    assert "saves it with the run" in saving_browser[0].upload.help
    assert "deletes it when this page is closed. Up to 1.0 GB" in Browser(tmp_path).upload.help


def test_a_file_that_cannot_be_moved_is_reported(saving_browser: SavingBrowser) -> None:
    browser, folder, find = saving_browser
    browser.begin()
    find()[0].unlink()
    browser.send_piece(0, b"x\n1\n2\n")
    assert browser.files == []
    assert browser.problems == ["t.csv could not be saved: No such file or directory. Try again."]
    assert browser.answers[-1] == {"kind": "stop", "number": 1}
    assert [*folder.iterdir()] == []
