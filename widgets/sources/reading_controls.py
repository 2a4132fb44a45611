"""Controls that override how a table is read: delimiter, encoding, numbers, header, dates."""

from collections.abc import Callable
from typing import Any

import panel_material_ui as pmui

from clusterer.tables import ReadingOptions

DETECT = "Detect"
DELIMITERS = {
    DETECT: None, "Comma": ",", "Semicolon": ";", "Tab": "\t", "Pipe": "|", "Blanks": " ",
    "Colon": ":", "Two colons": "::",
}  # fmt: skip
DECIMALS = {DETECT: None, "Point": ".", "Comma": ","}
THOUSANDS = {
    DETECT: None, "None": "", "Comma": ",", "Point": ".", "Blank": " ", "Apostrophe": "'",
}  # fmt: skip
ENCODINGS = {
    DETECT: None, "UTF-8": "utf-8", "Western (Windows-1252)": "cp1252",
    "Central European (Windows-1250)": "cp1250", "Cyrillic (Windows-1251)": "cp1251",
    "Cyrillic (KOI8-R)": "koi8_r", "Greek (Windows-1253)": "cp1253",
    "Turkish (Windows-1254)": "cp1254", "Hebrew (Windows-1255)": "cp1255",
    "Arabic (Windows-1256)": "cp1256", "Japanese (Shift-JIS)": "cp932",
    "Japanese (EUC-JP)": "euc_jp", "Simplified Chinese (GB18030)": "gb18030",
    "Traditional Chinese (Big5)": "big5", "Korean (CP949)": "cp949", "UTF-16": "utf-16",
}  # fmt: skip
QUOTES = {DETECT: None, "Double quotes": '"', "Single quotes": "'", "None": ""}
HEADERS = {DETECT: None, "First row": True, "None": False}
DATES = {DETECT: None, "Day first": True, "Month first": False}
SELECTS: dict[str, tuple[str, dict[str, Any]]] = {
    "delimiter": ("Between cells", DELIMITERS),
    "decimal": ("Decimal mark", DECIMALS),
    "thousands": ("Groups of digits", THOUSANDS),
    "encoding": ("Encoding", ENCODINGS),
    "header": ("Names", HEADERS),
    "quote": ("Quotes", QUOTES),
    "day_first": ("Dates such as 5/4/2024", DATES),
}


class ReadingControls:
    """A select per choice about the reading, and a field for words that mean missing.

    Parameters
    ----------
    on_change : callable
        Is called with the new `ReadingOptions` when the user changes a choice.
    """

    def __init__(self, on_change: Callable[[ReadingOptions], object]) -> None:
        self._on_change = on_change
        self._is_updating = False
        self._others: dict[str, Any] = {}
        self.selects = {
            # The browser shows no label for the value None, so the labels are the values.
            name: pmui.Select(label=label, options=list(options), value=DETECT, width=190)
            for name, (label, options) in SELECTS.items()
        }
        self.missing_values = pmui.TextInput(
            label="Missing values",
            placeholder="-1, unknown",
            description="Words and numbers that stand for a missing value, separated by commas.",
            width=190,
        )
        for widget in (*self.selects.values(), self.missing_values):
            widget.param.watch(self._change, "value")
        self.view = pmui.FlexBox(*self.selects.values(), self.missing_values)

    def show(self, choices: dict[str, Any]) -> None:
        """Show the choices with which a table was opened, without calling `on_change`."""
        self._is_updating = True
        for name, (_, options) in SELECTS.items():
            value = choices.get(name)
            found = (label for label, each in options.items() if each == value)
            self.selects[name].value = next(found, DETECT)
        self.missing_values.value = ", ".join(choices.get("missing_values", ()))
        # Choices without a control stay as they are.
        self._others = {"missing": choices["missing"]} if "missing" in choices else {}
        self._is_updating = False

    @property
    def options(self) -> ReadingOptions:
        """The choices of the controls."""
        chosen = {name: SELECTS[name][1][select.value] for name, select in self.selects.items()}
        words = (word.strip() for word in (self.missing_values.value or "").split(","))
        missing_values = tuple(word for word in words if word)
        return ReadingOptions(**chosen, **self._others, missing_values=missing_values)

    def _change(self, _: object) -> None:
        if not self._is_updating:
            self._on_change(self.options)
