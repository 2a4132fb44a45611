"""A session that processes hostile input as the app does, one case after the other."""

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
from clusterer.base import Classifier
from clusterer.datasets import make_generator
from clusterer.datasets.examples import EXAMPLES
from clusterer.support.errors import error_counts
from clusterer.tables import TableError, open_table
from widgets import Dashboard
from widgets.sources.source_chooser import GENERATED

N_MOST_ROWS = 20_000
FEW_PROTOTYPES = 1000
FRAME_TIMEOUT_S = 25.0
COMPILATION_S = 250.0
POINTS = np.random.default_rng(3).normal(size=(300, 2)) + 9.0 * np.repeat(np.eye(3, 2), 100, 0)
VALID = "x,y,label\n" + "".join(
    f"{x!r},{y!r},{i // 100}\n" for i, (x, y) in enumerate(POINTS.tolist())
)


class UnexpectedError(Exception):
    """An input has caused an error that the app does not expect or does not report well."""


class ErrorRecorder(logging.Handler):
    """Records errors that no caller receives: of threads, tasks and destructors."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._errors: list[str] = []
        logging.getLogger().addHandler(self)
        threading.excepthook = lambda args: self._record(
            args.exc_type, args.exc_value, args.exc_traceback
        )
        sys.unraisablehook = lambda args: self._record(
            args.exc_type, args.exc_value, args.exc_traceback
        )

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self._record(*record.exc_info)
        else:
            self._errors.append(record.getMessage())

    def _record(self, *error: Any) -> None:
        self._errors.append("".join(traceback.format_exception(*error)))

    def raise_recorded(self) -> None:
        """Raise `UnexpectedError` if an error was recorded since the last call."""
        errors, self._errors = self._errors, []
        error_counts.clear()
        if errors:
            raise UnexpectedError("\n".join(errors))


class Session:
    """A dashboard without a browser; each method returns the outcome of its input."""

    def __init__(self) -> None:
        # A warning is a defect, too.
        warnings.simplefilter("error")
        # Without a server Panel runs each task in an event loop of its own and does not close it.
        warnings.filterwarnings("ignore", "unclosed (event loop|<socket)", ResourceWarning)
        self._recorder = ErrorRecorder()
        self._folder = TemporaryDirectory(prefix="clusterer-hostile-")
        self._path = Path(self._folder.name) / "upload"
        self._dashboard = Dashboard()
        self._defaults = self._dashboard.settings.param.values()
        self._defaults.pop("name")
        # Imports and compilation at first use must not count as the cost of a case.
        self._frame_timeout_s = COMPILATION_S
        for example in EXAMPLES:
            self.try_table(example.path.read_bytes())
        self.load_valid()
        self._frame_timeout_s = FRAME_TIMEOUT_S

    def close(self) -> None:
        self._dashboard.close()
        self._folder.cleanup()

    def load_valid(self) -> None:
        """Load the valid file and compare its points bit for bit."""
        self._reset()
        if self.try_table(VALID.encode()) != "opened":
            raise UnexpectedError("the valid file was refused")
        points = self._engine.wait_for_frame().points
        if not np.array_equal(points, POINTS):
            raise UnexpectedError("the valid file has other points")

    @property
    def _engine(self) -> Any:
        return self._dashboard._engine

    def _reset(self) -> None:
        """Reset the dashboard to the state of a new page."""
        dashboard = self._dashboard
        dashboard._sources.kind.value = GENERATED
        dashboard.settings.param.update(**self._defaults)

    def _draw(self) -> str:
        """Draw the current frame; return the engine's message."""
        try:
            frame = self._engine.wait_for_frame(self._frame_timeout_s)
        except TimeoutError as error:
            self._recorder.raise_recorded()
            raise UnexpectedError(f"no frame: {self._engine._message}") from error
        self._dashboard._draw(frame)
        for values in (frame.points, frame.snapshot.centers, frame.snapshot.weights):
            if not np.isfinite(values).all():
                raise UnexpectedError("NaN or infinity was learned or is shown")
        self._recorder.raise_recorded()
        return str(frame.message)

    def try_table(self, content: bytes) -> str:
        """Upload a table, stream its rows and draw them."""
        self._path.write_bytes(content)
        chooser = self._dashboard._sources.table
        try:
            source, scaling = chooser.open_path(self._path)
        except TableError as error:
            self._recorder.raise_recorded()
            return self._check_message(error)
        self._dashboard._open_source(source, scaling)
        self._engine.step(N_MOST_ROWS)
        message = self._draw()
        self._engine.pause()
        chooser.show_report()
        chooser.preview._open(None)
        return "stopped with a message" if message else "opened"

    def _check_message(self, error: Exception) -> str:
        if not str(error).strip() or len(str(error)) > 2000:
            raise UnexpectedError(
                f"the message is empty or too long: {str(error)[:200]!r}"
            ) from error
        return "refused with a message"

    def try_model(self, content: bytes) -> str:
        """Load a model; an accepted model must work."""
        self._path.write_bytes(content)
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", ".*standardised points")
                model = load(self._path)
        except ModelFileError as error:
            return self._check_message(error)
        model.snapshot()
        model.save(self._path)
        if not isinstance(model, Classifier) and model.n_prototypes > FEW_PROTOTYPES:
            # Learning would allocate memory for all prototypes.
            return "loaded"
        points = np.random.default_rng(0).normal(size=(50, model.n_features_in_))
        try:
            classes = model.predict(np.zeros((50, model.n_features_in_)))
            if isinstance(model, Classifier):
                if not np.isfinite(model.decision_function(points)).all():
                    raise UnexpectedError("NaN or infinity was decided")
                model.partial_fit(points, classes)
            else:
                model.partial_fit(points)
        except ValueError as error:
            return self._check_message(error) and "loaded; distant points refused with a message"
        if not np.isfinite(model.snapshot().centers).all():
            raise UnexpectedError("NaN or infinity was learned")
        return "loaded"

    def try_link(self, query: str) -> str:
        """Open the page with a link."""
        self._reset()
        address = self._dashboard._address
        line = RequestStartLine("GET", f"/?{query}", "HTTP/1.1")
        request = HTTPServerRequest(start_line=line, headers=HTTPHeaders({"Host": "localhost"}))
        address.restore(request.arguments)
        self._engine.step(50)
        self._draw()
        address.update()
        return "partly accepted with a message" if address.message.pane.object else "accepted"

    def try_parameters(self, given: tuple[str, dict[str, Any]]) -> str:
        """Set parameters of one receiver; it must refuse them by name or work with them."""
        receiver, values = given
        try:
            getattr(self, f"_set_{receiver}")(values)
        except ValueError:
            self._recorder.raise_recorded()
            return "refused with a message"
        self._recorder.raise_recorded()
        return "accepted"

    def _set_estimator(self, values: dict[str, Any]) -> None:
        model = OnlineClusterer(7).fit(POINTS)
        former = model.get_params()
        try:
            model.set_params(**values).partial_fit(POINTS).snapshot()
        finally:
            # After any failure the former parameters must work again.
            model.set_params(**former).partial_fit(POINTS)

    def _set_table(self, values: dict[str, Any]) -> None:
        self._path.write_text(VALID)
        table = open_table(self._path, **values)
        list(table.chunks(table.default_features, 100))

    def _set_chunks(self, values: dict[str, Any]) -> None:
        self._path.write_text(VALID)
        table = open_table(self._path)
        list(table.chunks(**{"features": ["x", "y"], "size": 100} | values))

    def _set_generator(self, values: dict[str, Any]) -> None:
        make_generator(values.pop("kind", "blobs"), **values).take(100)

    def _set_engine(self, values: dict[str, Any]) -> None:
        self._reset()
        for name, value in values.items():
            self._engine.set(name, value)
        self._engine.step(50)
        message = self._draw()
        defaults = {"speed": 200.0, "noise": 0.0, "window_length": 2000}
        for name, value in (defaults | OnlineClusterer().get_params()).items():
            self._engine.set(name, value)
        if message:
            raise ValueError(message)

    def _set_settings(self, values: dict[str, Any]) -> None:
        self._reset()
        try:
            self._dashboard.settings.param.update(**values)
            self._engine.step(50)
        finally:
            message = self._draw()
        if message:
            raise ValueError(message)
