"""Files to the browser: in pieces, so that no large one holds up the page meanwhile."""

from base64 import b64encode
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from bokeh.core.properties import Bool, Int, String
from bokeh.model import DataModel
from bokeh.models import CustomJS, Plot

N_PIECE_BYTES = 192 * 1024


class Download(DataModel):
    """The piece of a file on its way; ``received`` is the number of the last that arrived.

    ``picture`` asks the browser for a picture of the figure: its kind, name and a number.
    """

    file_name = String(default="")
    mime_type = String(default="")
    piece = String(default="")
    is_first = Bool(default=False)
    is_last = Bool(default=False)
    number = Int(default=0)
    received = Int(default=0)
    image_request = String(default="")


SAVE = """
    const save = (blob, name) => {
        const link = document.createElement("a")
        link.href = URL.createObjectURL(blob)
        link.download = name
        document.body.append(link)
        link.click()
        link.remove()
        setTimeout(() => URL.revokeObjectURL(link.href), 60000)
    }
"""

RECEIVE = (
    SAVE
    + """
    if (download.is_first) download._pieces = []
    download._pieces.push(Uint8Array.from(atob(download.piece), (letter) => letter.charCodeAt(0)))
    if (download.is_last) {
        save(new Blob(download._pieces, {type: download.mime_type}), download.file_name)
        download._pieces = []
    }
    download.received = download.number
"""
)

# The plot has no ground of its own; without one its light text would be lost on white paper.
EXPORT = (
    SAVE
    + """
    const [kind, name] = download.image_request.split(" ")
    const view = Bokeh.index.find_one(plot)
    const clear = "rgba(0, 0, 0, 0)"
    let element = view.el, ground = clear
    while (element != null && ground == clear) {
        ground = getComputedStyle(element).backgroundColor
        element = element.parentElement ?? element.getRootNode().host
    }
    if (ground == clear) ground = "white"
    if (kind == "svg") {
        const drawn = view.export("svg", false).ctx.get_svg()
        drawn.setAttribute("xmlns", "http://www.w3.org/2000/svg")
        const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect")
        for (const [key, value] of Object.entries({width: "100%", height: "100%", fill: ground}))
            paper.setAttribute(key, value)
        drawn.insertBefore(paper, drawn.firstChild)
        const text = new XMLSerializer().serializeToString(drawn)
        save(new Blob([text], {type: "image/svg+xml"}), name)
    } else {
        const drawn = view.export("png", true).canvas
        const paper = document.createElement("canvas")
        paper.width = drawn.width
        paper.height = drawn.height
        const context = paper.getContext("2d")
        context.fillStyle = ground
        context.fillRect(0, 0, paper.width, paper.height)
        context.drawImage(drawn, 0, 0)
        paper.toBlob((blob) => save(blob, name))
    }
"""
)


class File(NamedTuple):
    """A file that the browser is to save."""

    name: str
    kind: str
    content: bytes


class Downloader:
    """Hand files to the browser, one piece at a time, each after the last one has arrived.

    ``download`` belongs into the document. ``change`` has the page changed from outside any
    callback of its own.
    """

    def __init__(self, plot: Plot, change: Callable[[Callable[[], None]], None]) -> None:
        self._change = change
        self._files: deque[File] = deque()
        self._n_sent = 0
        self._n_images = 0
        self.download = Download(name="download")
        self.download.js_on_change(
            "number", CustomJS(args={"download": self.download}, code=RECEIVE)
        )
        self.download.js_on_change(
            "image_request", CustomJS(args={"download": self.download, "plot": plot}, code=EXPORT)
        )
        self.download.on_change("received", self._go_on)

    def send(self, file: File) -> None:
        """Have the browser save a file, after those that are on their way."""
        self._files.append(file)
        if len(self._files) == 1:
            self._change(self._send_piece)

    def send_plot_image(self, kind: str, name: str) -> None:
        """Have the browser save a picture of the plot, "png" or "svg"."""
        self._n_images += 1
        asked = f"{kind} {name} {self._n_images}"
        self._change(lambda: self.download.update(image_request=asked))

    def _send_piece(self) -> None:
        file = self._files[0]
        piece = file.content[self._n_sent : self._n_sent + N_PIECE_BYTES]
        self._n_sent += len(piece)
        self.download.update(
            file_name=file.name,
            mime_type=file.kind,
            piece=b64encode(piece).decode(),
            is_first=self._n_sent == len(piece),
            is_last=self._n_sent == len(file.content),
        )
        # Last, since the browser takes the piece when it hears the number.
        self.download.number += 1

    def _go_on(self, attr: str, old: int, received: int) -> None:
        if received != self.download.number or not self._files:
            return
        if self._n_sent == len(self._files[0].content):
            self._files.popleft()
            self._n_sent = 0
        if self._files:
            self._change(self._send_piece)
        else:
            # The last piece need not stay in memory.
            self._change(lambda: self.download.update(piece=""))
