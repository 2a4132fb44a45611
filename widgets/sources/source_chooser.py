"""Choosing where the points come from."""

import os
from collections.abc import Callable
from os import PathLike
from typing import Any

import panel_material_ui as pmui

from clusterer.datasets import GENERATORS, make_generator
from clusterer.preprocessing.scaling import Scaling
from clusterer.stream import Source
from widgets.components.text import Text
from widgets.controls.controls import WIDE, Controls
from widgets.settings import Settings
from widgets.sources.many_files import ManyFiles, is_offered
from widgets.sources.painting_chooser import PaintingChooser
from widgets.sources.table_chooser import TableChooser
from widgets.sources.user_data import UserData

GENERATED, TABLE, MANY, DRAWN = "Generated", "My table", "Many files", "Draw"
FROM_PYTHON = "From Python"


class SourceChooser:
    """Generated streams, a table, a painting, or ``given`` data (or the path of a table) if any.

    Of a folder, with Dask, also all files at once, by a ``scheduler`` (its address) or a local one.

    ``on_open`` gets each source chosen, with its scaling; the first one `open_first` returns.
    """

    def __init__(
        self,
        controls: Controls,
        on_open: Callable[..., None],
        given: UserData | str | PathLike[str] | None = None,
        scheduler: str | None = None,
    ) -> None:
        self._settings: Settings = controls.settings
        self._controls = controls
        self._on_open = on_open
        self._given = given if isinstance(given, UserData) else None
        self._path = given if isinstance(given, str | PathLike) else None
        folder = self._path if self._path and os.path.isdir(self._path) else None
        if folder:
            self._path = None
        self.table = TableChooser(on_open, folder)
        self.painting = PaintingChooser(on_open, self._settings)
        # With Dask, all tables of a folder are one.
        self.many = ManyFiles(on_open, folder, scheduler) if folder and is_offered(folder) else None
        self.kind = pmui.RadioButtonGroup(
            label="Source",
            options=[
                *([FROM_PYTHON] if self._given else []),
                GENERATED,
                TABLE,
                *([MANY] if self.many else []),
                DRAWN,
            ],
            value=FROM_PYTHON if self._given else TABLE if self._path else GENERATED,
            description="Where the points come from.",
            **WIDE,
        )
        self.description = Text()
        self.generated = pmui.Column(controls.generator, self.description.pane, **WIDE)
        self.complaint = Text(role="alert")
        self.view = pmui.Column(
            self.kind,
            self.complaint.pane,
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

    def open_first(self) -> tuple[Source, Scaling]:
        """What was given, or else the generated stream that the settings name."""
        if self._given is not None:
            return self._given.open()
        if self._path is not None:
            return self.table.open_path(self._path)
        source = self.make_source()
        return source, Scaling.identity(source.n_features)

    def make_source(self) -> Source:
        """The generated stream that the settings name."""
        settings = self._settings
        return make_generator(settings.generator, seed=settings.seed, noise=settings.noise)

    def show_progress(self) -> None:
        """Tell what reading has dropped, and how far the workers are."""
        self.table.show_report()
        if self.many is not None:
            self.many.show_progress()

    def _follow_settings(self, *_: Any) -> None:
        # A program that names a generator wants to see it.
        if self.kind.value == FROM_PYTHON:
            self.kind.value = GENERATED
        else:
            self._open_generator()

    def _open_generator(self) -> None:
        self._describe()
        source = self.make_source()
        self._on_open(source, Scaling.identity(source.n_features))

    def _describe(self) -> None:
        self.description.show(GENERATORS[self._settings.generator].description)

    def _show_kind(self) -> None:
        kind = self.kind.value
        self.complaint.show()
        self.generated.visible = kind == GENERATED
        self.table.view.visible = kind == TABLE
        if self.many is not None:
            self.many.view.visible = kind == MANY
        self.painting.view.visible = kind == DRAWN
        self._controls.noise.disabled = kind not in (GENERATED, DRAWN)
        self._controls.seed.disabled = kind != GENERATED

    def _switch(self, event: Any) -> None:
        self._show_kind()
        if self.many is not None and event.new != MANY:
            self.many.leave()
        self.reopen()

    def reopen(self) -> None:
        """Begin the stream that is chosen from its first point."""
        kind = self.kind.value
        if kind == GENERATED:
            self._open_generator()
        elif kind == TABLE:
            self.table.reopen()
        elif self.many is not None and kind == MANY:
            self.many.open()
        elif kind == DRAWN:
            self.painting.reopen()
        elif self._given is not None:
            try:
                self._on_open(*self._given.open())
            except ValueError as error:
                self.complaint.show(str(error))
