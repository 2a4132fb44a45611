"""Faults: what fails unforeseen gets a short id, told to the user and found again in the log."""

import logging
import secrets
import threading
import time
import traceback
from collections import Counter

log = logging.getLogger(__name__)

# Raised on purpose, with a message that is meant for the user.
FORESEEN = (ValueError, OSError, NotImplementedError)

# What fails with every frame is one fault, not thirty a second.
SAME_S = 30.0
MOST_PLACES = 1_000

counts: Counter[str] = Counter()
"""Faults so far, by the name of their type."""

_known: dict[tuple[str, str], tuple[float, str]] = {}
_guard = threading.Lock()


def note_fault(error: BaseException) -> str:
    """Log an error under a new id, without its message, and say what to do about it.

    >>> note_fault(KeyError("x"))
    "Something went wrong here (error ...): KeyError: 'x'. If the page does not go on, reload it."
    """
    kind = type(error).__name__
    name = _name_fault(error)
    told = f"{kind}: {error}" if str(error) else kind
    return (
        f"Something went wrong here (error {name}): {told}. If the page does not go on, reload it."
    )


def _name_fault(error: BaseException) -> str:
    kind = type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    now = time.monotonic()
    with _guard:
        counts[kind] += 1
        noted_at, name = _known.get((kind, place), (0.0, ""))
        if name and now - noted_at < SAME_S:
            return name
        name = secrets.token_hex(3)
        if len(_known) >= MOST_PLACES:
            _known.clear()
        _known[kind, place] = now, name
    log.error("fault", exc_info=error, extra={"fault": name})
    return name


def explain(error: BaseException) -> str:
    """What to tell the user: the message of a foreseen error, the id of another.

    >>> explain(ValueError("noise is 2; allowed: a number from 0 to 1"))
    'noise is 2; allowed: a number from 0 to 1'
    """
    if isinstance(error, FORESEEN) and str(error):
        return str(error)
    return note_fault(error)
