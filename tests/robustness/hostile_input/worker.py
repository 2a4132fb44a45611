"""A worker process that runs hostile cases, and the watch over its time, memory and life."""

import multiprocessing
import os
import resource
import time
import traceback
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from tests.robustness.hostile_input.links_and_parameters import Links, Parameters
from tests.robustness.hostile_input.model_files import Models, write_classifiers, write_models
from tests.robustness.hostile_input.tables import Tables
from tests.support.servers import read_resident_bytes

KINDS = ("tables", "models", "classifiers", "links", "parameters")
LONGEST_S = 2.0  # of one case
SILENT_S = 30.0
POLL_S = 0.02
MOST_GROWN_BYTES = 300 * 2**20
KILLED_AT_BYTES = 2**30
ROOM_BYTES = 8 * 2**30
N_TRIES = 3
START_S = 300.0


class Result(NamedTuple):
    """Outcome of a case; ``failure`` is empty if the case passed."""

    kind: str
    number: int
    outcome: str
    failure: str
    wall_s: float
    cpu_s: float

    @property
    def took_s(self) -> float:
        """Estimated seconds on an idle machine, since other processes lengthen the wall time."""
        share = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        return max(self.cpu_s, self.wall_s / share)


def make_cases(seed: int, folder: Path | None) -> dict[str, Any]:
    """Return the generators of cases by kind; each makes a case from its number."""
    return {
        "tables": Tables(seed, folder),
        "models": Models(seed),
        "classifiers": Models(seed, write_classifiers),
        "links": Links(seed),
        "parameters": Parameters(seed),
    }


def work(pipe: Any) -> None:
    """Run the cases that arrive through the pipe until None arrives."""
    # The limit turns an excessive request for memory into an error of the worker.
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (read_virtual_bytes() + ROOM_BYTES, hard))
    from tests.robustness.hostile_input.session import Session

    session = Session()
    trials = {
        "valid": session.load_valid,
        "tables": session.try_table,
        "models": session.try_model,
        "classifiers": session.try_model,
        "links": session.try_link,
        "parameters": session.try_parameters,
    }
    for case in (*write_models(), *write_classifiers()):
        session.try_model(case)
    pipe.send(read_resident_bytes())
    while (request := pipe.recv()) is not None:
        kind, number, case = request
        pipe.send(run_case(kind, number, partial(trials[kind], *case)))
    session.close()


def run_case(kind: str, number: int, trial: Any) -> Result:
    """Run a case; an exception is a failure."""
    outcome, failure = "", ""
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        outcome = trial() or ""
    except Exception:
        failure = traceback.format_exc(limit=-8)
    return Result(
        kind, number, outcome, failure, time.perf_counter() - wall, time.process_time() - cpu
    )


def read_virtual_bytes() -> int:
    n_pages = int(Path("/proc/self/statm").read_text().split()[0])
    return n_pages * resource.getpagesize()


class WatchedWorker:
    """Runs cases in a worker process, and starts another one after the worker has died."""

    def __init__(self, seed: int, folder: Path | None) -> None:
        self._cases = make_cases(seed, folder)
        self.n_started = 0
        self.grown_bytes = 0
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=work, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        if not self._pipe.poll(START_S):
            raise RuntimeError(f"the worker did not start within {START_S:g} s")
        self._resting_bytes, self._grown_bytes = self._pipe.recv(), 0
        self.n_started += 1

    def run(self, kind: str, number: int) -> Result:
        """Run a case. A slow case is repeated, since other processes use the machine, too."""
        if not self._process.is_alive():
            self._start()
        # The case is made here, so that its memory does not count as the worker's.
        case = (self._cases[kind].make(number),) if kind != "valid" else ()
        result = self._run_once(kind, number, case)
        for _ in range(N_TRIES - 1):
            if result.failure or result.took_s <= LONGEST_S:
                break
            result = min(result, self._run_once(kind, number, case), key=lambda one: one.took_s)
        if not result.failure and result.took_s > LONGEST_S:
            result = result._replace(failure=f"the case takes {result.took_s:.1f} s")
        return result

    def _run_once(self, kind: str, number: int, case: tuple[Any, ...]) -> Result:
        start, before = time.monotonic(), self._grown_bytes
        failure = ""
        try:
            self._pipe.send((kind, number, case))
            while not self._pipe.poll(POLL_S):
                self._measure()
                if time.monotonic() - start > SILENT_S:
                    failure = f"no answer within {SILENT_S:g} s"
                elif self._grown_bytes > KILLED_AT_BYTES:
                    failure = f"the case takes more than {KILLED_AT_BYTES >> 20} MB"
                if failure:
                    break
            else:
                result: Result = self._pipe.recv()
                self._measure()
                if self._grown_bytes > MOST_GROWN_BYTES >= before:
                    return result._replace(failure=f"{self._grown_bytes >> 20} MB more than before")
                return result
        except (EOFError, ConnectionError):
            self._process.join()
            failure = f"the process died with {self._process.exitcode}"
        self._process.kill()
        self._process.join()
        return Result(kind, number, "", failure, time.monotonic() - start, 0.0)

    def _measure(self) -> None:
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
            highest = int(status.partition("VmHWM:")[2].split()[0]) << 10
        except (OSError, IndexError):
            return
        self._grown_bytes = max(self._grown_bytes, highest - self._resting_bytes)
        self.grown_bytes = max(self.grown_bytes, self._grown_bytes)

    def close(self) -> None:
        """End the worker."""
        if self._process.is_alive():
            self._pipe.send(None)
            self._process.join(30)
            self._process.kill()
