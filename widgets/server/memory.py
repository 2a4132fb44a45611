"""Memory: less work for the garbage collector, and free memory returned to the system."""

import ctypes
import gc
import os
from contextlib import suppress

M_ARENA_MAX = -8  # parameter of mallopt, from glibc's malloc.h
N_ARENAS = 2
NO_GLIBC = (AttributeError, OSError, TypeError)


def limit_malloc_arenas() -> None:
    """Let all threads share two malloc arenas; call this before the threads start.

    glibc opens up to eight arenas per core, and each keeps the memory that its threads freed. With
    one engine thread per session this is a quarter of all memory. Other C libraries have no arenas.
    """
    if "MALLOC_ARENA_MAX" not in os.environ:
        with suppress(*NO_GLIBC):
            ctypes.CDLL(None).mallopt(M_ARENA_MAX, N_ARENAS)


def freeze_objects() -> None:
    """Exclude all objects that exist now from later garbage collections.

    With a hundred pages open, one full collection stops all threads for more than a second.
    """
    gc.collect(1)
    gc.freeze()


def release_garbage() -> None:
    """Collect all garbage, frozen objects included, and return free memory to the system."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    with suppress(*NO_GLIBC):
        ctypes.CDLL(None).malloc_trim(0)
