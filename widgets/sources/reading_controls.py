"""Controls that override how a table is read: delimiter, encoding, numbers, header, dates."""

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any

import panel_material_ui as pmui

from clusterer.support.text import join_names, make_printable
from clusterer.tables import Column, ReadingOptions

DETECT = "Detect"
MAX_WORDS = 12
MAX_NAMED = 3
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
            description="Words and numbers that stand for a missing value, separated by commas. "
            'A word with a comma stands in quotes: "<0,05".',
            width=190,
        )
        # One widget whose options change: widgets that come and go while a click is answered end
        # in errors of Bokeh.
        self.words = pmui.CheckBoxGroup(label="", options={}, value=[], inline=True)
        self.words.param.watch(self._add_words, "value")
        self.sheet = pmui.Select(label="Sheet or table", options=[DETECT], value=DETECT, width=190)
        for widget in (*self.selects.values(), self.missing_values, self.sheet):
            widget.param.watch(self._change, "value")
        choices = pmui.FlexBox(*self.selects.values(), self.missing_values, self.sheet)
        self.view = pmui.Column(choices, self.words, margin=0)

    def show(
        self,
        choices: dict[str, Any],
        columns: Sequence[Column] = (),
        sheets: Sequence[str] = (),
    ) -> None:
        """Show the choices with which a table was opened, without calling `on_change`.

        The words among the numbers of the columns are offered, and the sheets of a file of several.
        """
        self._is_updating = True
        for name, (_, options) in SELECTS.items():
            value = choices.get(name)
            found = (label for label, each in options.items() if each == value)
            self.selects[name].value = next(found, DETECT)
        self.missing_values.value = write_words(choices.get("missing_values", ()))
        # Choices without a control stay as they are.
        self._others = {"missing": choices["missing"]} if "missing" in choices else {}
        chosen = choices.get("sheet", DETECT)
        self.sheet.param.update(options=[*dict.fromkeys([DETECT, *sheets, chosen])], value=chosen)
        self.sheet.disabled = len(sheets) < 2
        words = {
            f"{make_printable(word, 20)} ({join_names(names, MAX_NAMED)})": word
            for word, names in list_words(columns)[:MAX_WORDS]
        }
        label = "Words among numbers: tick one to count it as missing" if words else ""
        self.words.param.update(label=label, options=words, value=[])
        self._is_updating = False

    @property
    def options(self) -> ReadingOptions:
        """The choices of the controls."""
        chosen = {name: SELECTS[name][1][select.value] for name, select in self.selects.items()}
        if self.sheet.value != DETECT:
            chosen["sheet"] = self.sheet.value
        missing_values = read_words(self.missing_values.value or "")
        return ReadingOptions(**chosen, **self._others, missing_values=missing_values)

    def _change(self, _: object) -> None:
        if not self._is_updating:
            self._on_change(self.options)

    def _add_words(self, event: Any) -> None:
        if event.new and not self._is_updating:
            words = read_words(self.missing_values.value or "")
            self.missing_values.value = write_words([*words, *event.new])


def list_words(columns: Sequence[Column]) -> list[tuple[str, list[str]]]:
    """Return the words among the numbers of the columns, each with the names of its columns."""
    found: dict[str, tuple[str, list[str]]] = {}
    for column in columns:
        for word in column.words:
            found.setdefault(word.lower(), (word, []))[1].append(make_printable(column.name, 40))
    return list(found.values())


def read_words(text: str) -> tuple[str, ...]:
    """Return words that are separated by commas; quotes keep a comma in a word.

    >>> read_words('-1, n.d.,"<0,05"')
    ('-1', 'n.d.', '<0,05')
    """
    rows = csv.reader([text.replace("\n", " ")], skipinitialspace=True)
    return tuple(stripped for row in rows for word in row if (stripped := word.strip()))


def write_words(words: Sequence[str]) -> str:
    """Return words as `read_words` reads them.

    >>> write_words(["-1", "<0,05"])
    '-1, "<0,05"'
    """
    texts = []
    for word in words:
        held = io.StringIO()
        csv.writer(held, lineterminator="").writerow([word])
        texts.append(held.getvalue())
    return ", ".join(texts)
