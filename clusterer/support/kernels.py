"""Decorators of compiled code: `entry` for a kernel that Python calls, others for its parts.

Numba needs up to a second to compile a function, most of it in its own Python code. So kernels are
few, use plain loops, write into arrays that the caller allocates, and call no function of NumPy
that is a loop itself. Three options save more than half of the rest:

- ``_nrt=False``: a kernel neither allocates nor counts references. In the learning loop, reference
  counts with instructions that lock memory would also take two thirds of the time.
- ``no_cfunc_wrapper``: nobody calls a kernel through a C function pointer.
- ``no_cpython_wrapper`` for the parts: interpreted code calls them as plain Python functions.

The first kernel that a process compiles is announced in the log, which by default writes to
stderr; `compilation` tells how far the compilation is.
"""

import logging
from collections.abc import Callable
from functools import cache
from typing import Any

import numba
from numba.core import event
from numba.extending import register_jitable

log = logging.getLogger(__name__)

# Numba's annotations do not name all of its options.
njit: Any = numba.njit
_PART = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False}


class Compilation(event.Listener):
    """The functions of this package that exist, and those that this process has compiled.

    Attributes
    ----------
    names : set of str
        All functions that can be compiled.
    compiled : set of str
        Those that were compiled by this process, and not loaded from the cache.
    has_begun : bool
        Whether this process compiles or has compiled a function.
    watchers : list of callable
        Called after each function that was compiled.
    """

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.compiled: set[str] = set()
        self.watchers: list[Callable[[], object]] = []
        self.has_begun = False

    def add(self, function: Any) -> None:
        """Note a function that can be compiled."""
        self.names.add(write_name(function))

    def on_start(self, event: Any) -> None:
        """Announce the first compilation."""
        if not self.has_begun and self._find_name(event):
            self.has_begun = True
            log.warning("Compiling for this machine, once: half a minute or less …")

    def on_end(self, event: Any) -> None:
        """Note a function that was compiled."""
        name = self._find_name(event)
        if name:
            self.compiled.add(name)
            for watcher in self.watchers:
                watcher()

    def _find_name(self, event: Any) -> str:
        name = write_name(event.data["dispatcher"].py_func)
        return name if name in self.names else ""

    @property
    def share(self) -> float:
        """How much of everything is compiled, from 0 to 1; 0 if all was loaded from the cache."""
        return len(self.compiled) / max(len(self.names), 1)


def write_name(function: Any) -> str:
    """Module and name of a function.

    >>> write_name(write_name)
    'clusterer.support.kernels.write_name'
    """
    return f"{function.__module__}.{function.__qualname__}"


compilation = Compilation()
event.register("numba:compile", compilation)


def entry(function: Any) -> Any:
    """Compile a function that Python calls; the compiled code is kept beside the module.

    If no folder is writable, each process compiles, and the log says what to do.
    """
    compilation.add(function)
    options = {"nogil": True, "no_cfunc_wrapper": True, "_nrt": False}
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:
        warn_without_cache()
        return njit(**options)(function)


@cache
def warn_without_cache() -> None:
    """Say once that compiled code cannot be kept."""
    log.warning(
        "No folder is writable for compiled code, so each start compiles for up to half a minute. "
        "Set NUMBA_CACHE_DIR to a writable folder."
    )


def inner(function: Any) -> Any:
    """Let a function be compiled into each kernel that calls it."""
    compilation.add(function)
    return register_jitable(forceinline=True, **_PART)(function)


def separate(function: Any) -> Any:
    """Do the same for a function that is too large to be copied to each call."""
    compilation.add(function)
    return register_jitable(**_PART)(function)
