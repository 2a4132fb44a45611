"""Logs for those who run a server: one line of JSON a record, and nothing of the users' data.

Messages of other libraries may hold what a browser has sent, and those of errors what a file
holds. Of the former only the template is written, with the numbers that belong into it, of the
latter only the type and the places in the code.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

OURS = ("clusterer", "widgets", "app")
MOST_PLACES = 12


class JsonLines(logging.Formatter):
    """A record as a line of JSON: time, level, logger, event, and the error's type and places.

    >>> record = logging.LogRecord("elsewhere", 40, "a.py", 7, "%d of %s", (3, "mine.csv"), None)
    >>> json.loads(JsonLines().format(record))["event"]
    '3 of …'
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": tell_event(record),
        }
        if (fault := getattr(record, "fault", None)) is not None:
            told["fault"] = fault
        if record.exc_info and record.exc_info[1] is not None:
            told |= tell_error(record.exc_info[1])
        return json.dumps(told, ensure_ascii=False)


def tell_event(record: logging.LogRecord) -> str:
    """The message, of another library only as far as it can hold no data."""
    if record.name.partition(".")[0] in OURS:
        return record.getMessage()
    place = f"{Path(record.pathname).name}:{record.lineno}"
    # Without arguments it may be a text that was put together.
    if not record.args or not isinstance(record.args, tuple):
        return place
    try:
        return str(record.msg) % tuple(map(_hide, record.args))
    except (TypeError, ValueError):
        return place


def tell_error(error: BaseException) -> dict[str, Any]:
    """Its type and where in the code it came from, innermost last."""
    frames = traceback.extract_tb(error.__traceback__)[-MOST_PLACES:]
    places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__name__, "places": places}


def _hide(argument: Any) -> Any:
    return argument if isinstance(argument, int | float) else _Hidden()


class _Hidden:
    def __repr__(self) -> str:
        return "…"


def start_log(level: str = "info", stream: TextIO | None = None) -> None:
    """Have all records of the process written as such lines, by default to stderr.

    ``level`` is that of our own; of other libraries warnings and worse are written.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # Those of the interpreter too.
    logging.captureWarnings(True)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] not in OURS:
            logger = logging.getLogger(name)
            # Their own handlers would write what ours leaves out.
            logger.handlers.clear()
            logger.setLevel(logging.NOTSET)
            logger.propagate = True
