"""Files reach the browser in pieces, in their order, and a cancelled file not at all."""

import pytest

from widgets.components.download import N_PIECE_BYTES, File


@pytest.fixture
def large(tmp_path):
    content = bytes(range(256)) * (N_PIECE_BYTES // 100)
    (tmp_path / "large").write_bytes(content)
    return File("large", "text/csv", tmp_path / "large"), content


def test_files_arrive_whole_one_after_the_other(browser, large):
    file, content = large
    for each in (file, File("empty", "text/csv", b""), File("small", "text/csv", b"abc")):
        browser.downloader.send(each)
    assert browser.downloader.measure_share(file) == N_PIECE_BYTES / len(content)
    while browser.receive():
        pass
    assert browser.saved == {"large": content, "empty": b"", "small": b"abc"}
    assert browser.downloader.measure_share(file) is None
    # Nothing is left on the disk or in the page.
    assert not file.content.exists()
    assert browser.download.piece == ""


# When the last piece is on its way, the file is saved whole.
@pytest.mark.parametrize("n_pieces", [0, 1])
@pytest.mark.parametrize("is_followed", [False, True])
def test_a_cancelled_file_is_not_saved_and_the_next_one_is(browser, large, n_pieces, is_followed):
    file, content = large
    browser.downloader.send(file)
    following = File("next", "text/csv", content)
    if is_followed:
        browser.downloader.send(following)
    for _ in range(n_pieces):
        assert browser.receive()
    browser.downloader.cancel(file)
    browser.downloader.cancel(file)
    assert not file.content.exists()
    while browser.receive():
        pass
    assert browser.pieces in ([], [b""])
    if not is_followed:
        browser.downloader.send(following)
        while browser.receive():
            pass
    assert browser.saved == {"next": content}


def test_a_file_may_follow_before_the_browser_answers_for_the_cancelled_one(browser, large):
    file, content = large
    browser.downloader.send(file)
    browser.downloader.cancel(file)
    browser.downloader.send(File("next", "text/csv", content))
    while browser.receive():
        pass
    assert browser.saved == {"next": content}
