"""Messages for users about errors; an unexpected error gets a short id that the log repeats."""

import logging
import secrets
import threading
import time
import traceback
from collections import Counter

log = logging.getLogger(__name__)

# The library raises these on purpose, with a message for the user.
EXPECTED_ERRORS = (ValueError, OSError, NotImplementedError)

# An error that every frame repeats gets one id and one log entry, not thirty per second.
SAME_ERROR_S = 30.0
MAX_REMEMBERED = 1_000

error_counts: Counter[str] = Counter()
"""The number of unexpected errors so far, by the name of the exception class."""


class SaturationWarning(UserWarning):
    """A model has too few prototypes for the clusters that it has found."""


_recent: dict[tuple[str, str], tuple[float, str]] = {}
_lock = threading.Lock()


def explain_error(error: BaseException) -> str:
    """Return the message for the user: the text of an expected error, the id of any other.

    Examples
    --------
    >>> explain_error(ValueError("noise is 2; allowed: a number from 0 to 1"))
    'noise is 2; allowed: a number from 0 to 1'
    """
    if isinstance(error, EXPECTED_ERRORS) and str(error):
        return str(error)
    return log_unexpected_error(error)


def log_unexpected_error(error: BaseException) -> str:
    """Log an error under a new id, without its text, and return a message for the user.

    Examples
    --------
    >>> log_unexpected_error(KeyError("x"))
    "Something went wrong here (error ...): KeyError: 'x'. If the page stops working, reload it."
    """
    kind = type(error).__name__
    error_id = _log_once(error)
    text = f"{kind}: {error}" if str(error) else kind
    return (
        f"Something went wrong here (error {error_id}): {text}. "
        "If the page stops working, reload it."
    )


def _log_once(error: BaseException) -> str:
    kind = type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    now = time.monotonic()
    with _lock:
        error_counts[kind] += 1
        logged_at, error_id = _recent.get((kind, place), (0.0, ""))
        if error_id and now - logged_at < SAME_ERROR_S:
            return error_id
        error_id = secrets.token_hex(3)
        if len(_recent) >= MAX_REMEMBERED:
            _recent.clear()
        _recent[kind, place] = now, error_id
    log.error("unexpected error", exc_info=error, extra={"error_id": error_id})
    return error_id
