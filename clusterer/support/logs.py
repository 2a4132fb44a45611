"""Logs for operators of a server: one line of JSON per record, without data of the users.

Messages of other libraries may contain data from a browser, and messages of errors may contain
data from a file. Of another library's message the log keeps the template and the numbers in it.
Of an error the log keeps the type and the lines of code.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

OWN_PACKAGES = ("clusterer", "widgets", "app")
MAX_TRACEBACK_LINES = 12


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


def start_log(level: str = "info", stream: TextIO | None = None) -> None:
    """Write all log records of the process as lines of JSON.

    Parameters
    ----------
    level : str, default "info"
        The lowest level of this project's records. Other libraries log warnings and errors.
    stream : text file, default standard error
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # Python's warnings go to the log, too.
    logging.captureWarnings(True)
    for name in OWN_PACKAGES:
        logging.getLogger(name).setLevel(level.upper())
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] not in OWN_PACKAGES:
            logger = logging.getLogger(name)
            # The library's own handlers would write the data that `JsonLines` leaves out.
            logger.handlers.clear()
            logger.setLevel(logging.NOTSET)
            logger.propagate = True
