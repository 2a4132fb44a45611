"""Accepted model files with extreme values: no call crashes, hangs or leaves the model broken."""

import os
import subprocess
import sys
from collections import deque
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SEED = int(os.environ.get("HOSTILE_INPUT_SEED", "11"))
N_CASES, N_LONG = 60, 2_000
MOST_DEATHS = 5


def run_cases(n_cases: int, **environment: str) -> list[str]:
    """Run the cases in another process; return the failures, with the deaths of the process."""
    failures: list[str] = []
    first, n_deaths = 0, 0
    while first < n_cases and n_deaths < MOST_DEATHS:
        module = "tests.robustness.hostile_input.model_calls"
        command = [sys.executable, "-m", module, str(SEED), str(first), str(n_cases - first)]
        with subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            last: deque[str] = deque(maxlen=1)
            is_failure = False
            for line in process.stdout:
                is_failure = line.startswith("FAILED") or (is_failure and not is_call(line))
                if is_failure:
                    failures.append(line)
                elif line.startswith("OUTCOMES"):
                    print(line)
                else:
                    last.append(line.strip())
        if process.returncode in (0, 1):
            break
        n_deaths += 1
        failures.append(f"the process ended with {process.returncode} in {last[0]}\n")
        first = int(last[0].split()[0]) + 1
    return failures


def is_call(line: str) -> bool:
    return line.split(" ")[0].isdigit() or line.startswith("OUTCOMES")


def test_no_call_breaks_a_loaded_model() -> None:
    failures = run_cases(N_CASES)
    assert not failures, "".join(failures)


@pytest.mark.long
def test_no_call_breaks_a_loaded_model_in_many_cases() -> None:
    failures = run_cases(N_LONG)
    assert not failures, "".join(failures)


@pytest.mark.long
def test_no_call_reads_beyond_an_array(tmp_path: Path) -> None:
    # A cache of its own, because a cached kernel has no checks.
    failures = run_cases(N_LONG, NUMBA_BOUNDSCHECK="1", NUMBA_CACHE_DIR=str(tmp_path))
    assert not failures, "".join(failures)
