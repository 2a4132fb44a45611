"""Memory: what the collector looks through, and what the C library keeps back for its threads."""

import ctypes
import gc
import os
from contextlib import suppress

M_ARENA_MAX = -8
N_ARENAS = 2
NO_LIBRARY = (AttributeError, OSError, TypeError)


def share_arenas() -> None:
    """Have all threads share two pools of memory; to be called before they start.

    glibc would open up to eight a core, and each keeps what its threads have freed: with an engine
    a session a quarter of all memory. Other systems have nothing of the kind.
    """
    if "MALLOC_ARENA_MAX" not in os.environ:
        with suppress(*NO_LIBRARY):
            ctypes.CDLL(None).mallopt(M_ARENA_MAX, N_ARENAS)


def settle() -> None:
    """What is in memory now is there to stay, so the collector need not look through it.

    With a hundred pages it would look for more than a second each time, and all would wait.
    """
    gc.collect(1)
    gc.freeze()


def give_back() -> None:
    """Find all garbage, and give the system the memory that is free."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    with suppress(*NO_LIBRARY):
        ctypes.CDLL(None).malloc_trim(0)
