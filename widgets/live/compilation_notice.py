"""A notice in place of an empty plot while the kernels are compiled for the first time."""

from collections.abc import Callable

from clusterer.session.compile_kernels import find_progress
from clusterer.session.frame import Frame
from widgets.components.text import Html

TEXT = "Preparing the program for this machine, only once: {:.0%}. Then the points stream in."
STYLE = """
/* No `display` here: it would keep the notice on the page after its end. */
:host { width: 100%; }
.notice { padding: 10px 14px; border: 1px solid rgba(128, 128, 128, .28); border-radius: 10px; }
progress { appearance: none; width: 100%; height: 6px; margin-top: 8px; }
progress::-webkit-progress-bar { background: rgba(128, 128, 128, .28); border-radius: 3px; }
progress::-webkit-progress-value { background: #2f5d80; border-radius: 3px; }
progress::-moz-progress-bar { background: #2f5d80; }
"""


class CompilationNotice:
    """A line with a progress bar, shown while the kernels are compiled and nothing moves yet.

    Parameters
    ----------
    on_change : callable
        Receives True when the notice appears and False when it disappears.
    """

    def __init__(self, on_change: Callable[[bool], object]) -> None:
        self.pane = Html("", stylesheets=[STYLE], sizing_mode="stretch_width", margin=(4, 10))
        self.pane.is_shown = False
        self._on_change = on_change
        self._is_over = False

    def draw(self, frame: Frame) -> None:
        """End the notice as soon as points are shown."""
        if not self._is_over and frame.snapshot.n_seen:
            self._is_over = True
            self._show(False)

    def update(self) -> None:
        """Show how far the compilation is."""
        share = None if self._is_over else find_progress()
        if share is not None:
            self.pane.object = (
                f'<div class="notice" role="status">{TEXT.format(share)}'
                f'<progress max="1" value="{share:.2f}" aria-label="compilation"></progress></div>'
            )
        self._show(share is not None)

    def _show(self, is_shown: bool) -> None:
        if is_shown != self.pane.is_shown:
            self.pane.is_shown = is_shown
            self._on_change(is_shown)
