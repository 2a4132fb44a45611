"""The choice of the source: generated, a table, many files, a painting or data from Python."""

import os
from collections.abc import Callable, Collection, Mapping
from functools import partial
from os import PathLike
from typing import Any

import panel_material_ui as pmui

from clusterer.datasets import GENERATORS, make_generator
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.frame import Frame
from clusterer.session.run import Run
from clusterer.stream import Source
from clusterer.support.text import join_names, make_printable
from widgets.components.text import Text
from widgets.controls.controls import WIDE, Controls
from widgets.settings import Settings
from widgets.sources.many_files import ManyFiles, can_learn
from widgets.sources.painting_chooser import PaintingChooser
from widgets.sources.table_chooser import TableChooser
from widgets.sources.user_data import UserData

# Stored runs contain the first two of these labels.
GENERATED, TABLE, MANY, DRAWN = "Generated", "My table", "Many files", "Draw"
FROM_PYTHON = "From Python"


def describe_negative(frame: Frame, source: Source | None) -> str:
    """A sentence about the features that have values below 0 although their logarithm is taken."""
    scaling = frame.scaling
    if scaling is None or source is None or len(scaling.offsets) != source.n_features:
        return ""
    if frame.bounds.shape != (2, source.n_features):
        return ""
    units, lowest = scaling.treatment.log_units, frame.bounds[0].tolist()
    found = [
        f"{make_printable(name, 40)} (lowest: {value:.6g})"
        for name, unit, value in zip(source.feature_names, units, lowest, strict=True)
        if unit and value < 0.0
    ]
    if not found:
        return ""
    return (
        f"Values below 0 in {join_names(found, 3)}: the logarithm of their size is taken, with the "
        "sign, and no row is left out. If they stand for missing values, name them in the preview "
        "of the table; else consider the plain values of the column."
    )


class SourceChooser:
    """Widgets that choose the source of the points.

    Parameters
    ----------
    controls : the controls of the settings, for the generated stream
    on_open : called with each chosen source and its scaling, except the first (`open_first`)
    data : data from Python, or the path of a table or of a folder of tables; default none
    scheduler : the address of a Dask scheduler for the files of a folder; default a local one

    Attributes
    ----------
    opened_kind : the kind of the source that streams; `kind` is the kind whose widgets are shown.
        They differ until a table is chosen.
    opened_source : the source that streams
    """

    def __init__(
        self,
        controls: Controls,
        on_open: Callable[..., None],
        data: UserData | str | PathLike[str] | None = None,
        scheduler: str | None = None,
    ) -> None:
        self._settings: Settings = controls.settings
        self._controls = controls
        self._pass_on = on_open
        self.opened_source: Source | None = None
        self._user_data = data if isinstance(data, UserData) else None
        self._path = data if isinstance(data, str | PathLike) else None
        folder = self._path if self._path and os.path.isdir(self._path) else None
        if folder:
            self._path = None
        self.table = TableChooser(partial(self._open, TABLE), folder)
        self.painting = PaintingChooser(self._on_open, self._settings)
        on_open = self._on_open
        self.many = ManyFiles(on_open, folder, scheduler) if folder and can_learn(folder) else None
        self.kind = pmui.RadioButtonGroup(
            label="Source",
            options=[
                *([FROM_PYTHON] if self._user_data else []),
                GENERATED,
                TABLE,
                *([MANY] if self.many else []),
                DRAWN,
            ],
            value=FROM_PYTHON if self._user_data else TABLE if self._path else GENERATED,
            description="Where the points of the stream come from.",
            **WIDE,
        )
        self.opened_kind: str = self.kind.value
        self.description = Text()
        self.generated = pmui.Column(controls.generator, self.description.pane, **WIDE)
        self.message = Text(role="alert")
        self.view = pmui.Column(
            self.kind,
            self.message.pane,
            self.generated,
            self.table.view,
            *([self.many.view] if self.many else []),
            self.painting.view,
            **WIDE,
        )
        self.kind.param.watch(self._switch, "value")
        self._settings.param.watch(self._follow_settings, sorted(Settings.NEEDS_RESET))
        self._describe()
        self._show_kind()

    def open_first(
        self, logs: Collection[str] = (), weights: Mapping[str, float] | None = None
    ) -> tuple[Source, Scaling]:
        """The data from Python or the table, if there is one; else the generated stream.

        Raises ValueError for logarithms and weights of anything but columns of a table.
        """
        if (logs or weights) and self._path is None:
            raise ValueError("log and weights belong to columns of a table or a data frame")
        if self._user_data is not None:
            first = self._user_data.open()
        elif self._path is not None:
            first = self.table.open_path(self._path, logs, weights or {})
        else:
            source = self.make_source()
            first = source, Scaling.identity(source.n_features)
        self.opened_source = first[0]
        return first

    @property
    def key(self) -> tuple[str, str]:
        """Tells the source that streams from others: its kind, and the file of a table."""
        return self.opened_kind, self.table.place if self.opened_kind == TABLE else ""

    def show_opened(self, kind: str, source: Source | None) -> None:
        """Show the widgets of a source that streams already."""
        self.opened_kind, self.opened_source = kind, source
        self.kind.value = kind
        self._show_kind()

    def _on_open(self, source: Source, scaling: Scaling, *run_type: type[Run]) -> None:
        self.opened_source = source
        self._pass_on(source, scaling, *run_type)

    def make_source(self) -> Source:
        """The generated stream of the settings."""
        settings = self._settings
        return make_generator(settings.generator, seed=settings.seed, noise=settings.noise)

    def show_progress(self, frame: Frame) -> None:
        """Show the rows that were dropped, and the progress of the workers."""
        self.table.show_report(describe_negative(frame, self.opened_source))
        if self.many is not None:
            self.many.show_progress()

    def _follow_settings(self, *_: Any) -> None:
        # Code that chooses a generator expects its stream instead of the data from Python.
        if self.kind.value == FROM_PYTHON:
            self.kind.value = GENERATED
        else:
            self._open_generator()

    def _open(self, kind: str, source: Source, scaling: Scaling) -> None:
        self.opened_kind = kind
        self._show_kind()
        self._on_open(source, scaling)

    def _open_generator(self) -> None:
        self._describe()
        source = self.make_source()
        self._open(GENERATED, source, Scaling.identity(source.n_features))

    def _describe(self) -> None:
        self.description.show(GENERATORS[self._settings.generator].description)

    def _show_kind(self) -> None:
        kind = self.kind.value
        self.message.show()
        self.generated.visible = kind == GENERATED
        self.table.view.visible = kind == TABLE
        if self.many is not None:
            self.many.view.visible = kind == MANY
        self.painting.view.visible = kind == DRAWN
        is_waiting = kind == TABLE and not self.table.is_chosen
        streaming = self.opened_kind if is_waiting else kind
        self._controls.noise.disabled = streaming not in (GENERATED, DRAWN)
        self._controls.seed.disabled = kind != GENERATED

    def _switch(self, event: Any) -> None:
        self._show_kind()
        # Until a table is chosen, the present stream continues.
        is_waiting = event.new == TABLE and not self.table.is_chosen
        if is_waiting or event.new == self.opened_kind:
            return
        if self.many is not None and event.new != MANY:
            self.many.leave()
        self.reopen()

    def reopen(self) -> None:
        """Start the chosen source from its first point; does nothing if no table is chosen."""
        kind = self.kind.value
        if kind != TABLE or self.table.is_chosen:
            self.opened_kind = kind
        if kind == GENERATED:
            self._open_generator()
        elif kind == TABLE:
            self.table.reopen()
        elif self.many is not None and kind == MANY:
            self.many.open()
        elif kind == DRAWN:
            self.painting.reopen()
        elif self._user_data is not None:
            try:
                self._on_open(*self._user_data.open())
            except ValueError as error:
                self.message.show(str(error))
