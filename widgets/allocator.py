"""The allocator: how much memory the C library keeps back for threads that may want it again."""

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


def give_back() -> None:
    """Find the garbage, and give the system the memory that is free."""
    gc.collect()
    with suppress(*NO_LIBRARY):
        ctypes.CDLL(None).malloc_trim(0)
