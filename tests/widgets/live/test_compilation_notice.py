"""The notice about the compilation: shown while kernels are compiled and nothing moves yet."""

from types import SimpleNamespace

import pytest

from widgets.live import compilation_notice
from widgets.live.compilation_notice import CompilationNotice


def show_points(n_seen):
    return SimpleNamespace(snapshot=SimpleNamespace(n_seen=n_seen))


@pytest.fixture
def progress(monkeypatch):
    shares = [None]
    monkeypatch.setattr(compilation_notice, "find_progress", lambda: shares[-1])
    return shares


def test_the_notice_says_how_far_the_compilation_is_and_ends_with_it(progress):
    changes = []
    notice = CompilationNotice(changes.append)
    notice.update()
    assert not notice.pane.is_shown
    progress.append(0.25)
    notice.update()
    notice.draw(show_points(0))
    assert notice.pane.is_shown
    assert "25%" in notice.pane.object
    progress.append(None)
    notice.update()
    assert not notice.pane.is_shown
    assert changes == [True, False]


def test_the_notice_ends_when_points_are_shown_and_does_not_return(progress):
    changes = []
    notice = CompilationNotice(changes.append)
    progress.append(0.5)
    notice.update()
    notice.draw(show_points(10))
    notice.update()
    assert changes == [True, False]
