"""Logs for operators of a server: one line of JSON per record, without data of the users.

Messages of other libraries may contain data from a browser, and messages of errors may contain
data from a file. Of another library's message the log keeps the template and the numbers in it.
Of an error the log keeps the type and the lines of code.

A record that repeats is counted instead of written, so that a client that causes one record after
the other cannot fill the disk.
"""

import json
import logging
import sys
import time
import traceback
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from clusterer.support.errors import SaturationWarning

OWN_PACKAGES = ("clusterer", "widgets", "app")
MAX_TRACEBACK_LINES = 12

# Records of one kind: those of one line of code and one type of error.
MOST_OF_A_KIND = 20
PERIOD_S = 60.0
MOST_KINDS = 1_000


class JsonLines(logging.Formatter):
    """Formats a record as a line of JSON: time, level, logger, event, type and place of an error.

    Examples
    --------
    >>> record = logging.LogRecord("elsewhere", 40, "a.py", 7, "%d of %s", (3, "mine.csv"), None)
    >>> json.loads(JsonLines().format(record))["event"]
    '3 of …'
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of JSON."""
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": describe_event(record),
        }
        if (error_id := getattr(record, "error_id", None)) is not None:
            entry["error_id"] = error_id
        if record.exc_info and record.exc_info[1] is not None:
            entry |= describe_error(record.exc_info[1])
        return json.dumps(entry, ensure_ascii=False)


def describe_event(record: logging.LogRecord) -> str:
    """Return the message; of another library's message only the parts without data."""
    if record.name.partition(".")[0] in OWN_PACKAGES:
        return record.getMessage()
    place = f"{Path(record.pathname).name}:{record.lineno}"
    # A message without arguments may have been formatted before, with data in it.
    if not record.args or not isinstance(record.args, tuple):
        return place
    try:
        return str(record.msg) % tuple(map(_hide_text, record.args))
    except (TypeError, ValueError):
        return place


def describe_error(error: BaseException) -> dict[str, Any]:
    """Return the type of an error and the lines of code that led to it, the innermost last."""
    frames = traceback.extract_tb(error.__traceback__)[-MAX_TRACEBACK_LINES:]
    places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__name__, "places": places}


def _hide_text(argument: Any) -> Any:
    return argument if isinstance(argument, int | float) else _Hidden()


class _Hidden:
    """Prints as an ellipsis, for %s and %r alike."""

    def __repr__(self) -> str:
        return "…"


@dataclass
class Repetition:
    """The records of one kind within a period: the last one left out, and numbers."""

    since: float
    n_written: int = 0
    n_left_out: int = 0
    last: logging.LogRecord | None = None


class CountingHandler(logging.StreamHandler[TextIO]):
    """Writes at most 20 records of a kind in a minute, then one line that counts the others.

    Records with an ``error_id`` are always written, since a page shows the id.

    >>> handler = CountingHandler(sys.stdout)
    >>> handler.setFormatter(logging.Formatter("%(message)s"))
    >>> for number in range(500):
    ...     handler.handle(logging.LogRecord("app", 30, "a.py", 7, "refused", None, None))
    refused
    ...
    >>> handler.close()
    480 more records like the last one were left out: refused
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._repetitions: dict[tuple[Any, ...], Repetition] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write or count a record; the handler's lock is held."""
        now = time.monotonic()
        if hasattr(record, "error_id"):
            super().emit(record)
            return
        self._report(now - PERIOD_S)
        kind = identify_kind(record)
        if len(self._repetitions) >= MOST_KINDS and kind not in self._repetitions:
            self._report(now)
        repetition = self._repetitions.setdefault(kind, Repetition(now))
        if repetition.n_written < MOST_OF_A_KIND:
            repetition.n_written += 1
            super().emit(record)
        else:
            repetition.n_left_out += 1
            repetition.last = record

    def _report(self, until: float) -> None:
        """Write the numbers of the periods that began by then, and forget these periods."""
        ended = [kind for kind, each in self._repetitions.items() if each.since <= until]
        for kind in ended:
            repetition = self._repetitions.pop(kind)
            if repetition.last is not None:
                super().emit(summarise(repetition.last, repetition.n_left_out))

    def close(self) -> None:
        """Write all numbers."""
        self.acquire()
        try:
            self._report(time.monotonic())
        finally:
            self.release()
        super().close()


def identify_kind(record: logging.LogRecord) -> tuple[Any, ...]:
    """What records of one kind have in common: the line of code, and the type of error."""
    error = record.exc_info[0] if record.exc_info else None
    return record.name, record.levelno, record.pathname, record.lineno, error


def summarise(record: logging.LogRecord, n_left_out: int) -> logging.LogRecord:
    """A record that says how many records like this one were left out."""
    event = describe_event(record)
    message = "%d more records like the last one were left out: %s"
    return logging.LogRecord(
        __name__, record.levelno, __file__, 0, message, (n_left_out, event), None
    )


def start_log(level: str = "info", stream: TextIO | None = None) -> None:
    """Write all log records of the process as lines of JSON.

    Parameters
    ----------
    level : str, default "info"
        The lowest level of this project's records. Other libraries log warnings and errors.
    stream : text file, default standard error
    """
    handler = CountingHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # Python's warnings go to the log, too.
    logging.captureWarnings(True)
    # The page says it itself.
    warnings.simplefilter("ignore", SaturationWarning)
    for name in OWN_PACKAGES:
        logging.getLogger(name).setLevel(level.upper())
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] not in OWN_PACKAGES:
            logger = logging.getLogger(name)
            # The library's own handlers would write the data that `JsonLines` leaves out.
            logger.handlers.clear()
            logger.setLevel(logging.NOTSET)
            logger.propagate = True
