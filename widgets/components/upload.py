"""Uploads: a file of any size arrives in pieces, each written to the disk at once."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import panel as pn
import param

from clusterer.support.text import format_bytes

MAX_MB_VARIABLE = "MAX_UPLOAD_MB"
"""The environment variable with the size of the largest upload."""

TEMPORARY_HELP = (
    "The server of this page reads the file, and deletes it when this page is closed. Up to {}."
)
SAVED_HELP = (
    "The server of this page reads the file, and saves it with the run for a few days, so that "
    "this page can restore the run. Up to {}."
)

NOT_SAVED = "{} could not be saved: {}. Try again."

STYLE = """
:host { display: block; }
.box { font-size: .875rem; color: inherit; }
.choose { display: flex; align-items: center; justify-content: center; box-sizing: border-box;
    width: 100%; min-height: 84px; padding: 10px 14px; border: 2px dashed rgba(128, 128, 128, .6);
    border-radius: 6px; cursor: pointer; text-align: center; }
.choose:hover, .choose.over { border-color: currentColor; background: rgba(128, 128, 128, .1); }
.choose:focus-within { outline: 2px solid currentColor; outline-offset: 2px; }
.choose input { position: absolute; width: 1px; height: 1px; opacity: 0; }
.state { display: flex; align-items: center; gap: 10px; margin-top: 8px; }
.state[hidden] { display: none; }
progress { flex: 1; height: 6px; accent-color: #2f5d80; }
.cancel { font: inherit; color: inherit; background: none; cursor: pointer; padding: 3px 10px;
    border: 1px solid rgba(128, 128, 128, .5); border-radius: 4px; }
"""

# The browser sends a piece only after the server has written an earlier piece: no queue grows.
SCRIPT = """
const PIECE = 1 << 21, N_AHEAD = 3

export function render({model, el}) {
  const box = document.createElement("div")
  box.className = "box"
  box.innerHTML = `<label class="choose"><span></span><input type="file"></label>
    <div class="state" hidden><progress max="1" value="0"></progress>
    <span class="share" role="status"></span><button class="cancel">Cancel</button></div>`
  const [label, state] = [box.querySelector(".choose"), box.querySelector(".state")]
  const [input, bar] = [box.querySelector("input"), box.querySelector("progress")]
  label.querySelector("span").textContent = model.label
  input.setAttribute("aria-label", model.label)
  bar.setAttribute("aria-label", "upload")
  label.title = model.help
  model.on("help", () => { label.title = model.help })
  let file = null, number = 0, sent = 0
  // The browser may read the slices in any order; this chain sends them in the file's order.
  let last = Promise.resolve()

  const show = (share) => {
    state.hidden = file == null
    bar.value = share
    box.querySelector(".share").textContent = `${Math.floor(100 * share)} %`
  }
  const stop = () => { file = null; show(0) }
  const tell = (kind, more = {}) => model.send_msg({kind, number, ...more})

  const begin = (chosen) => {
    if (!chosen) { return }
    if (file) { tell("cancel") }
    file = chosen
    number = Date.now()
    sent = 0
    show(0)
    tell("begin", {name: file.name, n_bytes: file.size})
  }
  const sendPiece = async () => {
    if (file == null || sent >= file.size) { return }
    const [of, start] = [number, sent]
    sent = Math.min(sent + PIECE, file.size)
    try {
      const data = await file.slice(start, sent).arrayBuffer()
      if (of === number && file != null) { tell("piece", {start, data}) }
    } catch (error) {
      if (of === number) { tell("unreadable"); stop() }
    }
  }
  input.onchange = () => { begin(input.files[0]); input.value = "" }
  box.querySelector(".cancel").onclick = () => { tell("cancel"); stop() }
  label.ondragover = (event) => { event.preventDefault(); label.classList.add("over") }
  label.ondragleave = () => label.classList.remove("over")
  label.ondrop = (event) => {
    event.preventDefault()
    label.classList.remove("over")
    begin(event.dataTransfer.files[0])
  }
  model.on("msg:custom", (message) => {
    if (message.number !== number || file == null) { return }
    if (message.kind === "stop") { stop(); return }
    show(file.size ? message.n_bytes / file.size : 1)
    const n_pieces = message.kind === "go" ? N_AHEAD : 1
    for (let i = 0; i < n_pieces; i++) { last = last.then(sendPiece) }
  })
  return box
}
"""


class Upload(pn.custom.JSComponent):
    """A button for a file, a progress bar, and a button to cancel.

    Parameters
    ----------
    folder : Path
        Where complete files are saved, under generated names.
    on_file : callable
        Receives the path and the original name of each complete file, and then owns the file.
    on_problem : callable
        Receives a message for the user.
    on_begin : callable
        Called before the first piece of a file.
    """

    label = param.String("Drop a table here, or click to choose one (CSV, Excel, JSON, Parquet, …)")
    help = param.String("")

    _esm = SCRIPT
    _stylesheets = [STYLE]

    def __init__(
        self,
        folder: Path,
        *,
        on_file: Callable[[Path, str], object],
        on_problem: Callable[[str], object],
        on_begin: Callable[[], object] = lambda: None,
        **params: Any,
    ) -> None:
        self.most_bytes = read_most_bytes()
        super().__init__(
            help=TEMPORARY_HELP.format(format_bytes(self.most_bytes)),
            **params,
        )
        self._folder = self._upload_folder = folder
        self._on_file, self._on_problem = on_file, on_problem
        self._on_begin = on_begin
        self._n_uploads = 0
        self._current: _IncomingFile | None = None

    def _handle_msg(self, message: Any) -> None:
        # The message comes from a browser and may contain anything.
        if not isinstance(message, dict):
            return
        kind, number = message.get("kind"), message.get("number")
        if kind == "begin":
            self._begin(number, str(message.get("name"))[:300], message.get("n_bytes"))
        elif self._current is None or self._current.number != number:
            return
        elif kind == "piece":
            self._write(self._current, message.get("start"), message.get("data"))
        elif kind == "cancel":
            self.stop()
            self._on_problem("The upload was cancelled.")
        else:
            self._fail(f"The browser cannot read {self._current.name}. Choose the file again.")

    def _begin(self, number: Any, name: str, n_bytes: Any) -> None:
        self.stop()
        if not isinstance(n_bytes, int) or n_bytes < 0:
            return
        if n_bytes > self.most_bytes:
            self._send_msg({"kind": "stop", "number": number})
            most = format_bytes(self.most_bytes)
            self._on_problem(
                f"{name} has {format_bytes(n_bytes)}, more than the {most} that "
                f"may be uploaded here. To allow more, start the app with a larger "
                f"{MAX_MB_VARIABLE}; to read the file without an upload, start the app with DATA "
                "set to the file's path."
            )
            return
        self._on_begin()
        self._n_uploads += 1
        path = self._upload_folder / f"upload-{self._n_uploads}-{secrets.token_hex(4)}"
        try:
            self._current = _IncomingFile(number, name, n_bytes, path, self._folder / path.name)
        except OSError as error:
            self._send_msg({"kind": "stop", "number": number})
            self._on_problem(NOT_SAVED.format(name, error.strerror))
            return
        if n_bytes:
            self._send_msg({"kind": "go", "number": number, "n_bytes": 0})
        else:
            self._finish(self._current)

    def _write(self, upload: "_IncomingFile", start: Any, data: Any) -> None:
        try:
            upload.append(start, data)
        except (OSError, ValueError) as error:
            # Only `strerror`: the full message of an OSError contains paths.
            reason = error.strerror if isinstance(error, OSError) else "a piece is missing"
            self._fail(NOT_SAVED.format(upload.name, reason))
            return
        if upload.is_complete:
            self._finish(upload)
        else:
            self._send_msg({"kind": "more", "number": upload.number, "n_bytes": upload.n_written})

    def _finish(self, upload: "_IncomingFile") -> None:
        try:
            upload.finish()
        except OSError as error:
            self._fail(NOT_SAVED.format(upload.name, error.strerror))
            return
        self._current = None
        self._send_msg({"kind": "stop", "number": upload.number})
        self._on_file(upload.goal, upload.name)

    def _fail(self, message: str) -> None:
        if self._current is not None:
            self._send_msg({"kind": "stop", "number": self._current.number})
        self.stop()
        self._on_problem(message)

    def save_in(self, folder: Path, upload_folder: Path) -> None:
        """Save complete files in another folder of the same disk, where they outlive the page.

        Incomplete files are written to ``upload_folder``.
        """
        self._folder, self._upload_folder = folder, upload_folder
        self.help = SAVED_HELP.format(format_bytes(self.most_bytes))

    def stop(self) -> None:
        """Cancel the current upload and delete the incomplete file."""
        upload, self._current = self._current, None
        if upload is not None:
            with suppress(OSError):
                upload.file.close()
            upload.path.unlink(missing_ok=True)


class _IncomingFile:
    """An incomplete file at ``path``, which moves to ``goal`` when it is complete."""

    def __init__(self, number: Any, name: str, n_bytes: int, path: Path, goal: Path) -> None:
        self.number, self.name, self.n_bytes = number, name, n_bytes
        self.path, self.goal = path, goal
        self.n_written = 0
        self.file: BinaryIO = path.open("wb")

    def append(self, start: Any, piece: Any) -> None:
        # `bytes(number)` would allocate that many zeros.
        if not isinstance(piece, bytes | bytearray | memoryview):
            raise ValueError("the piece is not bytes")
        if start != self.n_written or self.n_written + len(piece) > self.n_bytes:
            raise ValueError("the piece is not the next one")
        self.file.write(piece)
        self.n_written += len(piece)

    def finish(self) -> None:
        """Close the file and move it to its goal."""
        self.file.close()
        # The store may have deleted the run and its folder meanwhile.
        self.goal.parent.mkdir(exist_ok=True, mode=0o700)
        os.replace(self.path, self.goal)

    @property
    def is_complete(self) -> bool:
        return self.n_written == self.n_bytes


def read_most_bytes() -> int:
    """Size of the largest upload: MAX_UPLOAD_MB from the environment, default 1 GB."""
    try:
        n_megabytes = float(os.environ.get(MAX_MB_VARIABLE) or 1024)
    except ValueError:
        n_megabytes = 1024
    return max(int(n_megabytes * 2**20), 1)
