"""Downloads: files go to the browser in pieces, so that a large file does not block the page."""

from base64 import b64encode
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bokeh.core.properties import Bool, Int, String
from bokeh.model import DataModel
from bokeh.models import CustomJS, Plot

N_PIECE_BYTES = 192 * 1024
EXPORT_TIMEOUT_S = 60.0
"""A file, or a list of rows, waits so long at most for the run that it shows."""

TOO_LATE = "The stream did not answer in time. Pause it, and try again."


class Download(DataModel):
    """The current piece of a file; ``received`` is the number of the last piece that arrived.

    ``image_request`` asks the browser for an image of the plot: format, file name and a number.
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
    // The browser can store the content of a blob on its disk.
    if (download._pieces.length == 64) download._pieces = [new Blob(download._pieces)]
    if (download.is_last) {
        save(new Blob(download._pieces, {type: download.mime_type}), download.file_name)
        download._pieces = []
    }
    download.received = download.number
"""
)

# The plot has no background of its own; on a white page the dark theme's text would be invisible.
EXPORT = (
    SAVE
    + """
    const [kind, name] = download.image_request.split(" ")
    const view = Bokeh.index.find_one(plot)
    const clear = "rgba(0, 0, 0, 0)"
    let element = view.el, background = clear
    while (element != null && background == clear) {
        background = getComputedStyle(element).backgroundColor
        element = element.parentElement ?? element.getRootNode().host
    }
    if (background == clear) background = "white"
    if (kind == "svg") {
        const drawn = view.export("svg", false).ctx.get_svg()
        drawn.setAttribute("xmlns", "http://www.w3.org/2000/svg")
        const sheet = document.createElementNS("http://www.w3.org/2000/svg", "rect")
        const attributes = {width: "100%", height: "100%", fill: background}
        for (const [key, value] of Object.entries(attributes)) sheet.setAttribute(key, value)
        drawn.insertBefore(sheet, drawn.firstChild)
        const text = new XMLSerializer().serializeToString(drawn)
        save(new Blob([text], {type: "image/svg+xml"}), name)
    } else {
        const drawn = view.export("png", true).canvas
        const sheet = document.createElement("canvas")
        sheet.width = drawn.width
        sheet.height = drawn.height
        const context = sheet.getContext("2d")
        context.fillStyle = background
        context.fillRect(0, 0, sheet.width, sheet.height)
        context.drawImage(drawn, 0, 0)
        sheet.toBlob((blob) => save(blob, name))
    }
"""
)


class File(NamedTuple):
    """A file for the browser to save.

    Parameters
    ----------
    name : str
        The name that the browser proposes.
    kind : str
        The MIME type.
    content : bytes or Path
        The content, or a file that holds it, which is deleted after it was sent.
    """

    name: str
    kind: str
    content: bytes | Path

    @property
    def n_bytes(self) -> int:
        """The size of the content."""
        content = self.content
        return len(content) if isinstance(content, bytes) else content.stat().st_size

    def read_piece(self, start: int) -> bytes:
        """Return the next bytes from ``start`` on."""
        if isinstance(self.content, bytes):
            return self.content[start : start + N_PIECE_BYTES]
        with self.content.open("rb") as file:
            file.seek(start)
            return file.read(N_PIECE_BYTES)

    def delete(self) -> None:
        """Delete the file that holds the content."""
        if not isinstance(self.content, bytes):
            self.content.unlink(missing_ok=True)


class Downloader:
    """Sends files to the browser, each piece after the previous piece has arrived.

    Parameters
    ----------
    plot : Plot
        The plot whose image the browser can save.
    update_page : callable
        Runs a function that changes the page's models, from outside the page's callbacks.

    Attributes
    ----------
    download : Download
        Must be part of the document.
    """

    def __init__(self, plot: Plot, update_page: Callable[[Callable[[], None]], None]) -> None:
        self._update_page = update_page
        self._files: deque[File] = deque()
        self._n_sent, self._n_bytes = 0, -1
        self._must_clear = False
        self._n_images = 0
        self.download = Download(name="download")
        self.download.js_on_change(
            "number", CustomJS(args={"download": self.download}, code=RECEIVE)
        )
        self.download.js_on_change(
            "image_request", CustomJS(args={"download": self.download, "plot": plot}, code=EXPORT)
        )
        self.download.on_change("received", self._send_next)

    def send(self, file: File) -> None:
        """Have the browser save a file, after the files sent before."""
        self._files.append(file)
        if len(self._files) == 1:
            self._update_page(self._send_piece)

    def measure_share(self, file: File) -> float | None:
        """Return the share of a file that was sent, 0 while it waits; None if it is done."""
        if file not in self._files:
            return None
        return self._n_sent / self._n_bytes if file is self._files[0] and self._n_bytes > 0 else 0.0

    def cancel(self, file: File) -> None:
        """Send no more of a file; the browser saves nothing of it."""
        if file not in self._files:
            return
        is_first = file is self._files[0]
        self._files.remove(file)
        file.delete()
        if is_first:
            # The answer to the piece on its way sends the next file.
            self._n_sent, self._n_bytes, self._must_clear = 0, -1, True

    def send_plot_image(self, kind: str, name: str) -> None:
        """Have the browser save an image of the plot, as "png" or "svg"."""
        self._n_images += 1
        request = f"{kind} {name} {self._n_images}"
        self._update_page(lambda: self.download.update(image_request=request))

    def _send_piece(self) -> None:
        if not self._files:
            return
        file = self._files[0]
        if not self._n_sent:
            self._n_bytes = file.n_bytes
        piece = file.read_piece(self._n_sent)
        self._n_sent += len(piece)
        self.download.update(
            file_name=file.name,
            mime_type=file.kind,
            piece=b64encode(piece).decode(),
            is_first=self._n_sent == len(piece),
            is_last=self._n_sent == self._n_bytes,
        )
        # Last: the browser reads the piece when the number changes.
        self.download.number += 1

    def _send_next(self, attr: str, old: int, received: int) -> None:
        if received != self.download.number:
            return
        if self._n_sent == self._n_bytes:
            self._files.popleft().delete()
            self._n_sent, self._n_bytes = 0, -1
        self._update_page(self._send_piece if self._files else self._clear)

    def _clear(self) -> None:
        """Free the memory of the last piece, and the browser's memory of a cancelled file."""
        self.download.update(piece="", is_first=True, is_last=False)
        if self._must_clear:
            self._must_clear = False
            self.download.number += 1
