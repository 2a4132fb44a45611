"""Decorators of compiled code: `entry` for a kernel that Python calls, others for its parts.

Numba needs up to a second to compile a function, most of it in its own Python code. So kernels are
few, use plain loops, write into arrays that the caller allocates, and call no function of NumPy
that is a loop itself. Three options save more than half of the rest:

- ``_nrt=False``: a kernel neither allocates nor counts references. In the learning loop, reference
  counts with instructions that lock memory would also take two thirds of the time.
- ``no_cfunc_wrapper``: nobody calls a kernel through a C function pointer.
- ``no_cpython_wrapper`` for the parts: interpreted code calls them as plain Python functions.
"""

from typing import Any

import numba
from numba.extending import register_jitable

# Numba's annotations do not name all of its options.
njit: Any = numba.njit
_PART = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False}

entry: Any = njit(cache=True, nogil=True, no_cfunc_wrapper=True, _nrt=False)
"""Compile a function that Python calls; the compiled code is kept beside the module."""

inner: Any = register_jitable(forceinline=True, **_PART)
"""A function that is compiled into each kernel that calls it."""

separate: Any = register_jitable(**_PART)
"""The same for a function that is too large to be copied to each call."""
