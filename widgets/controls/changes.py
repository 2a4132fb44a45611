"""The settings that differ from their defaults, and the buttons that take changes back."""

import time
from collections import deque
from typing import Any

import panel_material_ui as pmui

from widgets.components.button import build_button
from widgets.components.text import Text
from widgets.controls.controls import WIDE
from widgets.settings import Settings

JOIN_S = 2.0
"""Changes of the same settings within this time are one change, such as the moves of a slider."""

N_CHANGES = 50

# Settings of the eye, which hold for each source.
VIEW_SETTINGS = {"window_length", "points_per_s", "trails"}
ANOTHER_SOURCE = "The source is another, so {} again as in the beginning. Undo brings it back."


class SettingChanges:
    """Names the changed settings; Undo takes back the last change, Defaults all changes.

    The generator and the seed are no part of it: another value restarts the stream. For another
    source, the settings of the clustering are set as they were in the beginning
    (``first_settings``).

    >>> settings = Settings()
    >>> changes = SettingChanges(settings)
    >>> settings.noise = 0.2
    >>> changes.list_changed()
    ['Noise']
    >>> changes.undo()
    >>> settings.noise
    0.0
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._defaults = self._pick(type(settings).param.values())
        self._values = self._pick(settings.param.values())
        self._past: deque[dict[str, Any]] = deque(maxlen=N_CHANGES)
        self._last: tuple[set[str], float] = set(), 0.0
        self.first_settings: dict[str, Any] = {}
        self._source: object = None
        self._remark = ""
        self._text = Text()
        self._undo = build_button(
            "Undo",
            "take back the last change of a setting.",
            lambda _: self.undo(),
            icon="undo",
            size="small",
            variant="text",
        )
        defaults = build_button(
            "Defaults",
            "set all settings to the values that a new page has.",
            lambda _: self.restore_defaults(),
            icon="settings_backup_restore",
            size="small",
            variant="text",
        )
        self.view = pmui.Column(
            self._text.pane, pmui.Row(self._undo, defaults, margin=0), margin=0, **WIDE
        )
        settings.param.watch(self._note, sorted(settings.param.values().keys() - {"name"}))
        self._show()

    @staticmethod
    def _pick(values: dict[str, Any]) -> dict[str, Any]:
        """The settings that can be taken back, without estimated ones."""
        kept = Settings.pick_values(values)
        return {name: kept[name] for name in kept.keys() - Settings.NEEDS_RESET}

    def list_changed(self) -> list[str]:
        """The labels of the settings that differ from their defaults."""
        switches = set(Settings.AUTOMATIC.values())
        return [
            str(self._settings.param[name].label)
            for name, value in sorted(self._values.items())
            if name not in switches and self._defaults.get(name, ...) != value
        ]

    def note_first(self) -> None:
        """Note the present settings as those with which each source begins."""
        self.first_settings = {
            name: value for name, value in self._values.items() if name not in VIEW_SETTINGS
        }

    def begin_source(self, source: object) -> None:
        """Set the first settings again if the source ``source`` is not the one of the last call.

        >>> settings = Settings()
        >>> changes = SettingChanges(settings)
        >>> changes.note_first()
        >>> changes.begin_source("blobs")
        >>> settings.noise = 0.4
        >>> changes.begin_source("table")
        >>> settings.noise
        0.0
        """
        before, self._source = self._source, source
        changed = {
            name: value
            for name, value in self.first_settings.items()
            if before not in (None, source) and getattr(self._settings, name) != value
        }
        if changed:
            labels = [str(self._settings.param[name].label) for name in sorted(changed)]
            verb = "is" if len(labels) == 1 else "are"
            self._settings.param.update(**changed)
            self._remark = ANOTHER_SOURCE.format(f"{', '.join(labels)} {verb}")
            self._show()

    def undo(self) -> None:
        """Take back the last change; does nothing without a change."""
        if self._past:
            values = self._past.pop()
            self._values, self._remark = values, ""
            self._settings.param.update(**values)
            self._show()

    def restore_defaults(self) -> None:
        """Set all settings to their defaults; Undo takes it back."""
        self._settings.param.update(**self._defaults)

    def _note(self, *_: Any) -> None:
        now = self._pick(self._settings.param.values())
        names = {
            name
            for name in now.keys() | self._values.keys()
            if now.get(name, ...) != self._values.get(name, ...)
        }
        if not names:
            return
        before, at = self._last
        moment = time.monotonic()
        if not (names & before and moment - at < JOIN_S):
            self._past.append(self._values)
        self._last = names, moment
        self._values = now
        self._remark = ""
        self._show()

    def _show(self) -> None:
        changed = self.list_changed()
        self.view.visible = bool(changed or self._past)
        self._text.show(
            self._remark,
            f"Changed: {', '.join(changed)}." if changed else "No setting is changed.",
        )
        self._undo.disabled = not self._past
