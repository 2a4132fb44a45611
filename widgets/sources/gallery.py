"""The gallery of starts: streams and tables to begin with, each with a picture and a sentence."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import cache
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
import panel as pn
import panel_material_ui as pmui
import param
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from clusterer.datasets import GENERATORS, make_generator
from clusterer.datasets.examples import EXAMPLES
from clusterer.tables import open_table
from widgets.components.background import run_in_thread
from widgets.components.button import build_header_button
from widgets.components.lazy import LazyColumn
from widgets.components.palette import CLUSTER_COLORS, NOISE_COLOR

SIZE_PX = (192, 120)
SCALE = 2
"""The pictures are drawn larger, for screens with small pixels."""

RADIUS_PX = 3.0
N_POINTS = 350
N_SKIPPED = 400
"""Points of a moving stream that are left out, so that its picture shows a later state."""

STYLE = """
:host { display: block; }
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 12px;
    list-style: none; margin: 0; padding: 0; }
button { display: flex; flex-direction: column; width: 100%; height: 100%; padding: 10px;
    font: inherit; text-align: left; color: inherit;
    background: none; cursor: pointer; border: 1px solid rgba(128, 128, 128, .5);
    border-radius: 10px; }
button:hover { border-color: currentColor; }
button:focus-visible { outline: 3px solid currentColor; outline-offset: 2px; }
img { display: block; width: 100%; aspect-ratio: 8 / 5; border-radius: 6px; background: #fff; }
strong { display: block; font-weight: 500; margin: 8px 0 3px; }
span { font-size: .86rem; line-height: 1.4; }
"""

SCRIPT = """
export function render({model, el}) {
  const list = document.createElement("ul")
  const build = () => list.replaceChildren(...model.starts.map((start, number) => {
    const [item, button, picture, title, text] =
      ["li", "button", "img", "strong", "span"].map((name) => document.createElement(name))
    picture.src = start.picture
    picture.alt = ""
    title.textContent = start.title
    text.textContent = start.sentence
    button.append(picture, title, text)
    button.onclick = () => model.send_msg(number)
    item.append(button)
    return item
  }))
  model.on("starts", build)
  build()
  el.append(list)
}
"""


class Start(NamedTuple):
    """A stream to begin with: a generator with settings, or a table of the examples."""

    title: str
    sentence: str
    settings: Mapping[str, Any]
    table: str = ""


LECTURES = (
    Start(
        "Two moons in noise",
        "A tenth of the points belongs to no cluster. Which ones turn grey?",
        {"generator": "moons", "noise": 0.1},
    ),
    Start(
        "Clusters that merge and split",
        "Two clusters pass through each other: for some time they are one.",
        {"generator": "crossing", "points_per_s": 1000.0},
    ),
    Start(
        "Too few prototypes",
        "Five clusters share three prototypes. Raise K and watch the clusters separate.",
        {"generator": "blobs", "n_prototypes": 3},
    ),
    Start(
        "Nothing is forgotten",
        "The clusters move, and the prototypes stay behind. Switch Automatic memory on.",
        {
            "generator": "drifting",
            "has_automatic_half_life": False,
            "half_life": float("inf"),
            "points_per_s": 1000.0,
        },
    ),
    Start(
        "A kernel that is too narrow",
        "Points have almost no weight, so hardly anything is learned. Raise σ and start anew.",
        {"generator": "blobs", "has_automatic_sigma": False, "sigma": 0.01},
    ),
)


@cache
def list_starts() -> tuple[Start, ...]:
    """All starts: the lectures, the other generators, and the example tables."""
    generated = [
        Start(family.title, family.description, {"generator": name})
        for name, family in GENERATORS.items()
    ]
    tables = [Start(each.title, each.description, {}, each.title) for each in EXAMPLES]
    return (*LECTURES, *generated, *tables)


@cache
def draw_pictures() -> tuple[str, ...]:
    """A picture of each start as a data URI; the first call takes a second."""
    return tuple(draw_picture(*sample(start)) for start in list_starts())


def sample(start: Start) -> tuple[NDArray, NDArray]:
    """Points (n, 2) of a start, and the numbers (n,) of their colours, -1 for grey."""
    if not start.table:
        generator = str(start.settings["generator"])
        source = make_generator(generator, noise=start.settings.get("noise", 0.0))
        source.take(N_SKIPPED)
        points, classes = source.take(N_POINTS)
        return points[:, :2], np.zeros(len(points), int) if classes is None else classes
    example = next(each for each in EXAMPLES if each.title == start.table)
    table = open_table(example.path)
    features = list(example.features) or list(table.default_features)
    points = next(table.chunks(features, N_POINTS)).points
    spread = points.std(axis=0)
    scaled = (points - points.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    axes = np.linalg.svd(scaled, full_matrices=False)[2][:2]
    return scaled @ axes.T, np.full(len(points), 0)


def draw_picture(points: NDArray, colors: NDArray) -> str:
    """A picture of points (n, 2) with colour numbers (n,) as the data URI of a PNG.

    >>> draw_picture(np.eye(2), np.array([0, -1])).startswith("data:image/png;base64,")
    True
    """
    size = np.array(SIZE_PX) * SCALE
    image = Image.new("RGB", tuple(size.tolist()), "white")
    draw = ImageDraw.Draw(image)
    low, high = points.min(axis=0), points.max(axis=0)
    shares = (points - low) / np.where(high > low, high - low, 1.0)
    margin = 4 * RADIUS_PX
    places = margin + shares * (size - 2 * margin)
    places[:, 1] = size[1] - places[:, 1]
    for (x, y), number in zip(places.tolist(), colors.tolist(), strict=True):
        color = NOISE_COLOR if number < 0 else CLUSTER_COLORS[number % len(CLUSTER_COLORS)]
        draw.ellipse((x - RADIUS_PX, y - RADIUS_PX, x + RADIUS_PX, y + RADIUS_PX), fill=color)
    file = BytesIO()
    image.quantize(32).save(file, "PNG")
    return f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"


class GalleryList(pn.custom.JSComponent):
    """The starts as a list of buttons; ``on_choose`` gets the number of the chosen one."""

    starts = param.List([])

    _esm = SCRIPT
    _stylesheets = [STYLE]

    def __init__(self, on_choose: Callable[[int], None], **params: Any) -> None:
        super().__init__(**params)
        self._on_choose = on_choose

    def _handle_msg(self, message: Any) -> None:
        # The message comes from a browser and may contain anything.
        if type(message) is int and 0 <= message < len(self.starts):
            self._on_choose(message)


class Gallery:
    """A dialog with the starts, and the button that opens it.

    ``begin`` gets the chosen start. The list is built, and the pictures are drawn, when the dialog
    is first opened.
    """

    def __init__(self, begin: Callable[[Start], None]) -> None:
        self._begin = begin
        self._list: GalleryList | None = None
        self._place = LazyColumn(self._make)
        self.dialog = pmui.Dialog(
            self._place,
            title="Begin with",
            title_variant="h6",
            close_on_click=True,
            show_close_button=True,
            width_option="lg",
        )
        self.button = build_header_button(
            "apps",
            "Gallery: streams and tables to begin with, also for lectures.",
            on_click=lambda _: self.open(),
        )

    def open(self) -> None:
        """Open the dialog."""
        self._place.fill()
        self.dialog.open = True

    def _make(self) -> list[Any]:
        self._list = GalleryList(self._choose, sizing_mode="stretch_width")
        pn.state.execute(self._draw)
        return [self._list]

    async def _draw(self) -> None:
        pictures = await run_in_thread(draw_pictures)
        if self._list is not None:
            self._list.starts = [
                {"title": start.title, "sentence": start.sentence, "picture": picture}
                for start, picture in zip(list_starts(), pictures, strict=True)
            ]

    def _choose(self, number: int) -> None:
        self.dialog.open = False
        self._begin(list_starts()[number])
