"""The help: what the page shows, and the keys."""

from collections.abc import Callable

import panel_material_ui as pmui

from widgets.components.text import Html
from widgets.controls.controls import WIDE

SENTENCE = (
    "Points stream in one by one; at most K prototypes remember them, and clusters are the groups "
    "that the prototypes form. Turn σ, K and the noise while it runs."
)

KEYS = (
    ("Space", "play or pause"),
    ("→", "step: learn one point"),
    ("R", "reset: start from the first point"),
    ("Ctrl + wheel", "zoom the plot"),
    ("T", "the guided tour; Escape ends it"),
    ("?", "this help"),
)
EXPLANATION = (
    "Every dot is a point of a stream; the clusterer sees each once and forgets it. The circles "
    "are its prototypes, all that it remembers: the larger one is, the more points it stands for.",
    "Prototypes that no gap parts form a cluster and share a colour. Grey is noise: too few points "
    "to be a cluster.",
    "Width σ and memory look after themselves until you move their sliders: what was learned fades "
    "where clusters are seen to move, and stays where they rest. Time goes back to any moment.",
    "Under Draw the stream is your own: paint on the plot, and drag what you have painted.",
    "Turn σ, K and the noise while it runs and watch what changes. The address of this page "
    "holds the settings: copy it to come back to them, or to show somebody.",
)

STYLE = """
table { border-collapse: collapse; margin: 4px 0 0; }
td { padding: 5px 18px 5px 0; vertical-align: baseline; }
kbd { display: inline-block; min-width: 1.4em; padding: 1px 7px; text-align: center; font: inherit;
    border: 1px solid rgba(128, 128, 128, .5); border-radius: 6px; }
p { margin: 0 0 10px; line-height: 1.5; }
"""


class Help:
    """A dialog, and the button that opens it; from there ``tour`` begins."""

    def __init__(self, tour: Callable[[], None]) -> None:
        self._tour = tour
        rows = "".join(f"<tr><td><kbd>{key}</kbd></td><td>{what}</td></tr>" for key, what in KEYS)
        text = "".join(f"<p>{sentence}</p>" for sentence in EXPLANATION)
        self.dialog = pmui.Dialog(
            Html(f"{text}<table>{rows}</table>", stylesheets=[STYLE], sizing_mode="stretch_width"),
            pmui.Button(
                label="Take the guided tour",
                icon="explore_outlined",
                variant="outlined",
                margin=(14, 0, 0, 0),
                on_click=lambda _: self._begin(),
            ),
            title="What you see",
            title_variant="h6",
            close_on_click=True,
            show_close_button=True,
        )
        self.button = pmui.IconButton(
            icon="help_outline",
            description="Help: what you see, and the keys (?)",
            sx={"color": "inherit"},
            margin=0,
            on_click=lambda _: self.toggle(),
        )

    def _begin(self) -> None:
        self.dialog.open = False
        self._tour()

    def toggle(self) -> None:
        """Open it, or close it."""
        self.dialog.open = not self.dialog.open


def build_sentence() -> pmui.Typography:
    """What the page is about, in its first line."""
    return pmui.Typography(SENTENCE, variant="body2", margin=(8, 12, 0, 12), **WIDE)
