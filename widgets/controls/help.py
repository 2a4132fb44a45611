"""The introduction on the page, and the help dialog."""

from collections.abc import Callable

import panel_material_ui as pmui

from widgets.components.button import build_header_button
from widgets.components.text import Html
from widgets.controls.controls import WIDE

INTRODUCTION = (
    "Points stream in one by one. The model stores at most K prototypes, and neighbouring "
    "prototypes form clusters. Change σ, K or the noise while the stream runs."
)

SHORTCUTS = (
    ("Space", "play or pause"),
    ("→", "step: learn one point"),
    ("R", "reset: forget everything and restart the stream"),
    ("Ctrl + wheel", "zoom the plot"),
    ("T", "start or end the guided tour (Escape ends it too)"),
    ("G", "open the gallery of streams and tables"),
    ("P", "begin or end the presentation: large type, without the controls"),
    ("Ctrl + P", "print the report of the run: who the groups are"),
    ("?", "open or close this help"),
)
EXPLANATION = (
    "Each dot is a point of the stream. The model sees each point once and does not store it. The "
    "circles are prototypes, which are all that the model stores. A larger circle represents more "
    "points.",
    "Neighbouring prototypes with no gap between them form a cluster and share a colour. Grey "
    "means noise: too few points to form a cluster.",
    "The kernel width σ and the memory are set automatically until you move their sliders. With "
    "automatic memory, old points are forgotten only where clusters move. The slider Time shows "
    "any earlier state of the run.",
    "Colour by: the dots can also show their class, a column of the table, their time of arrival "
    "or their score, which tells how dense the prototypes are at the dot. The circles keep the "
    "colours of their clusters. A legend above the plot names the colours.",
    "Point at a dot to read its row of the table. At the right edge of the plot there are tools to "
    "draw a box or a lasso around dots; the tab Rows then lists their rows.",
    "With the source Draw you make the stream yourself: paint on the plot, and drag painted areas "
    "to another place.",
    "The dotted rings around the prototypes, and the shade around the pointer, show σ: on a ring a "
    "point has 37 % of its full weight. σ applies to new points only. Press Start anew with these "
    "settings to see its full effect.",
    "The address of this page contains the settings. Copy it to return to them later or to share "
    "them. For a lecture, add hide=sigma,k,noise to leave out controls, and present=on to begin "
    "with the presentation.",
)

STYLE = """
table { border-collapse: collapse; margin: 4px 0 0; }
td { padding: 5px 18px 5px 0; vertical-align: baseline; }
kbd { display: inline-block; min-width: 1.4em; padding: 1px 7px; text-align: center; font: inherit;
    border: 1px solid rgba(128, 128, 128, .5); border-radius: 6px; }
p { margin: 0 0 10px; line-height: 1.5; }
"""


class Help:
    """A dialog and the button that opens it. A button in the dialog calls ``start_tour``."""

    def __init__(self, start_tour: Callable[[], None]) -> None:
        self._start_tour = start_tour
        rows = "".join(
            f"<tr><td><kbd>{key}</kbd></td><td>{action}</td></tr>" for key, action in SHORTCUTS
        )
        text = "".join(f"<p>{paragraph}</p>" for paragraph in EXPLANATION)
        self.dialog = pmui.Dialog(
            Html(f"{text}<table>{rows}</table>", stylesheets=[STYLE], sizing_mode="stretch_width"),
            pmui.Button(
                label="Take the guided tour",
                icon="explore_outlined",
                variant="outlined",
                margin=(14, 0, 0, 0),
                on_click=lambda _: self._close_and_start_tour(),
            ),
            title="What the page shows",
            title_variant="h6",
            close_on_click=True,
            show_close_button=True,
        )
        self.button = build_header_button(
            "help_outline",
            "Help: what the page shows, and keyboard shortcuts (?)",
            on_click=lambda _: self.toggle(),
        )

    def _close_and_start_tour(self) -> None:
        self.dialog.open = False
        self._start_tour()

    def toggle(self) -> None:
        """Open the dialog, or close it."""
        self.dialog.open = not self.dialog.open


def build_introduction() -> pmui.Typography:
    """The introduction, which is the first line of the page."""
    return pmui.Typography(INTRODUCTION, variant="body2", margin=(8, 12, 0, 12), **WIDE)
