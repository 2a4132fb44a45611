"""A session that takes in all that strangers send, one after the other, as the app does."""

import logging
import sys
import threading
import traceback
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from clusterer import ModelFileError, OnlineClusterer, load
from clusterer.datasets import make_generator
from clusterer.datasets.examples import EXAMPLES
from clusterer.support.errors import error_counts
from clusterer.tables import TableError, open_table
from widgets import Dashboard
from widgets.sources.source_chooser import GENERATED

N_MOST_ROWS = 20_000
FEW_PROTOTYPES = 1000
LATEST_FRAME_S = 25.0
POINTS = np.random.default_rng(3).normal(size=(300, 2)) + 9.0 * np.repeat(np.eye(3, 2), 100, 0)
GOOD = "x,y,label\n" + "".join(
    f"{x!r},{y!r},{i // 100}\n" for i, (x, y) in enumerate(POINTS.tolist())
)


class UnforeseenError(Exception):
    """Something failed that nobody had thought of, or not as it should have."""


class Ears(logging.Handler):
    """Hears of whatever fails where nobody waits for it: in threads, tasks, and on the way out."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._heard: list[str] = []
        logging.getLogger().addHandler(self)
        threading.excepthook = lambda told: self._note(
            told.exc_type, told.exc_value, told.exc_traceback
        )
        sys.unraisablehook = lambda told: self._note(
            told.exc_type, told.exc_value, told.exc_traceback
        )

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self._note(*record.exc_info)
        else:
            self._heard.append(record.getMessage())

    def _note(self, *error: Any) -> None:
        self._heard.append("".join(traceback.format_exception(*error)))

    def demand_silence(self) -> None:
        """Raise `UnforeseenError` if anything was heard since the last time."""
        heard, self._heard = self._heard, []
        error_counts.clear()
        if heard:
            raise UnforeseenError("\n".join(heard))


class Session:
    """A dashboard without a browser; each method says what became of what it was given."""

    def __init__(self) -> None:
        # Also what is only warned of is a defect.
        warnings.simplefilter("error")
        # Without a server each task has a loop of its own, which Panel leaves to be collected.
        warnings.filterwarnings("ignore", "unclosed (event loop|<socket)", ResourceWarning)
        self._ears = Ears()
        self._folder = TemporaryDirectory(prefix="clusterer-hostile-")
        self._path = Path(self._folder.name) / "upload"
        self._dashboard = Dashboard()
        self._defaults = self._dashboard.settings.param.values()
        self._defaults.pop("name")
        # What is imported or compiled when it is first needed is no stranger's doing.
        for example in EXAMPLES:
            self.try_table(example.path.read_bytes())
        self.load_good()

    def close(self) -> None:
        self._dashboard.close()
        self._folder.cleanup()

    def load_good(self) -> None:
        """The next good file loads, and is the same to the last bit."""
        self._start_anew()
        if self.try_table(GOOD.encode()) != "opened":
            raise UnforeseenError("the good file was refused")
        points = self._engine.wait_for_frame().points
        if not np.array_equal(points, POINTS):
            raise UnforeseenError("the good file has other points")

    @property
    def _engine(self) -> Any:
        return self._dashboard._engine

    def _start_anew(self) -> None:
        """As a page begins."""
        dashboard = self._dashboard
        dashboard._sources.kind.value = GENERATED
        dashboard.settings.param.update(**self._defaults)

    def _look(self) -> str:
        """Draw what there is; the engine's message."""
        try:
            frame = self._engine.wait_for_frame(LATEST_FRAME_S)
        except TimeoutError as error:
            self._ears.demand_silence()
            raise UnforeseenError(f"no frame: {self._engine._message}") from error
        self._dashboard._draw(frame)
        for values in (frame.points, frame.snapshot.centers, frame.snapshot.weights):
            if not np.isfinite(values).all():
                raise UnforeseenError("NaN or infinity was learned or is shown")
        self._ears.demand_silence()
        return str(frame.message)

    def try_table(self, content: bytes) -> str:
        """Upload a table, let its rows stream in, and look at it."""
        self._path.write_bytes(content)
        chooser = self._dashboard._sources.table
        try:
            source, scaling = chooser.open_path(self._path)
        except TableError as error:
            self._ears.demand_silence()
            return self._tell(error)
        self._dashboard._open_source(source, scaling)
        self._engine.step(N_MOST_ROWS)
        message = self._look()
        self._engine.pause()
        chooser.show_report()
        chooser.preview._open(None)
        return "stopped on the way, and told" if message else "opened"

    def _tell(self, error: Exception) -> str:
        if not str(error).strip() or len(str(error)) > 2000:
            raise UnforeseenError(f"the message is of no use: {str(error)[:200]!r}") from error
        return "refused, and told"

    def try_model(self, content: bytes) -> str:
        """Load a model; one that is let in has to be sound."""
        self._path.write_bytes(content)
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", ".*standardised points")
                model = load(self._path)
        except ModelFileError as error:
            return self._tell(error)
        model.snapshot()
        model.save(self._path)
        if model.n_prototypes > FEW_PROTOTYPES:
            # It may want the memory for so many.
            return "loaded"
        try:
            model.predict(np.zeros((3, model.n_features_in_)))
            model.partial_fit(np.random.default_rng(0).normal(size=(50, model.n_features_in_)))
        except ValueError as error:
            return self._tell(error) and "loaded, and points too far away refused"
        if not np.isfinite(model.snapshot().centers).all():
            raise UnforeseenError("NaN or infinity was learned")
        return "loaded"

    def try_link(self, query: str) -> str:
        """Open the page by a link."""
        self._start_anew()
        address = self._dashboard._address
        line = RequestStartLine("GET", f"/?{query}", "HTTP/1.1")
        request = HTTPServerRequest(start_line=line, headers=HTTPHeaders({"Host": "localhost"}))
        address.restore(request.arguments)
        self._engine.step(50)
        self._look()
        address.show()
        return "taken in parts, and told" if address.message.pane.object else "taken"

    def try_parameters(self, given: tuple[str, dict[str, Any]]) -> str:
        """Set parameters where they are taken: refused by name or of use."""
        place, values = given
        try:
            getattr(self, f"_set_{place}")(values)
        except ValueError:
            self._ears.demand_silence()
            return "refused, and told"
        self._ears.demand_silence()
        return "taken"

    def _set_estimator(self, values: dict[str, Any]) -> None:
        model = OnlineClusterer(7).fit(POINTS)
        kept = model.get_params()
        try:
            model.set_params(**values).partial_fit(POINTS).snapshot()
        finally:
            # Whatever it was, it can be taken back.
            model.set_params(**kept).partial_fit(POINTS)

    def _set_table(self, values: dict[str, Any]) -> None:
        self._path.write_text(GOOD)
        table = open_table(self._path, **values)
        list(table.chunks(table.default_features, 100))

    def _set_chunks(self, values: dict[str, Any]) -> None:
        self._path.write_text(GOOD)
        table = open_table(self._path)
        list(table.chunks(**{"features": ["x", "y"], "size": 100} | values))

    def _set_generator(self, values: dict[str, Any]) -> None:
        make_generator(values.pop("kind", "blobs"), **values).take(100)

    def _set_engine(self, values: dict[str, Any]) -> None:
        self._start_anew()
        for name, value in values.items():
            self._engine.set(name, value)
        self._engine.step(50)
        message = self._look()
        usual = {"speed": 200.0, "noise": 0.0, "window_length": 2000}
        for name, value in (usual | OnlineClusterer().get_params()).items():
            self._engine.set(name, value)
        if message:
            raise ValueError(message)

    def _set_settings(self, values: dict[str, Any]) -> None:
        self._start_anew()
        try:
            self._dashboard.settings.param.update(**values)
            self._engine.step(50)
        finally:
            message = self._look()
        if message:
            raise ValueError(message)
