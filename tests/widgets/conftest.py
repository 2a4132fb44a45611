"""A stand-in for the browser, for tests of downloads without a page."""

from base64 import b64decode

import pytest
from bokeh.plotting import figure

from widgets.components.download import Downloader


class FakeBrowser:
    """What the page's script does: collect the pieces, save a whole file, answer."""

    def __init__(self):
        self.downloader = Downloader(figure(), lambda change: change())
        self.download = self.downloader.download
        self.pieces, self.saved, self.known = [], {}, 0

    def receive(self):
        """Take the next piece, if there is one; tell whether there was."""
        if self.known == self.download.number:
            return False
        self.known = self.download.number
        if self.download.is_first:
            self.pieces = []
        self.pieces.append(b64decode(self.download.piece))
        if self.download.is_last:
            self.saved[self.download.file_name] = b"".join(self.pieces)
            self.pieces = []
        self.download.received = self.known
        return True


@pytest.fixture
def browser() -> FakeBrowser:
    """A browser that answers when the test says so."""
    return FakeBrowser()
