"""Kernels where no folder is writable, and what the log says about the compilation."""

import os
import subprocess
import sys

import pytest

from clusterer.support import kernels

# A small kernel, which compiles in a second.
FIRST_RESULT = """
import numpy as np
from clusterer.preprocessing.scaling import measure_moments
measure_moments(np.ones((2, 2)))
"""


@pytest.fixture
def without_folder(monkeypatch):
    """Numba as it is where it may write nowhere."""

    def refuse_cache(cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return compile_it(**options)

    compile_it = kernels.njit
    monkeypatch.setattr(kernels, "njit", refuse_cache)
    kernels.warn_without_cache.cache_clear()


def test_without_a_writable_folder_kernels_work_and_the_log_says_what_to_do(
    without_folder, monkeypatch
):
    said = []
    monkeypatch.setattr(kernels.log, "warning", said.append)
    double, triple = (kernels.entry(each) for each in (lambda x: 2 * x, lambda x: 3 * x))
    assert (double(3), triple(3)) == (6, 9)
    assert len([text for text in said if "Set NUMBA_CACHE_DIR" in text]) == 1


@pytest.mark.parametrize("no_bytecode", ["1", ""])
def test_a_process_that_compiles_says_so_once_on_stderr(tmp_path, no_bytecode):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    environment["PYTHONDONTWRITEBYTECODE"] = no_bytecode
    said = [
        subprocess.run(
            [sys.executable, "-c", FIRST_RESULT],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stderr
        for _ in range(2)
    ]
    assert said[0].count("Compiling for this machine, once") == 1
    assert said[1] == ""
