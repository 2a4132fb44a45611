"""A worker process that is watched: how long it takes, how much memory, and whether it lives."""

import multiprocessing
import os
import resource
import time
import traceback
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from tests.robustness.hostile_input.links_and_parameters import Links, Parameters
from tests.robustness.hostile_input.model_files import Models, make_models
from tests.robustness.hostile_input.tables import Tables
from tests.support.servers import read_resident_bytes

KINDS = ("tables", "models", "links", "parameters")
LONGEST_S = 2.0
SILENT_S = 30.0
POLL_S = 0.02
MOST_GROWN_BYTES = 300 * 2**20
KILLED_AT_BYTES = 2**30
ROOM_BYTES = 8 * 2**30
N_TRIES = 3
START_S = 300.0


class Result(NamedTuple):
    """What became of a case; ``trouble`` is empty if it was nothing bad."""

    kind: str
    number: int
    outcome: str
    trouble: str
    wall_s: float
    cpu_s: float

    @property
    def took_s(self) -> float:
        """What it would take on a machine of its own: others at work lengthen the wall time."""
        share = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        return max(self.cpu_s, self.wall_s / share)


def make_cases(seed: int, awkward: Path | None) -> dict[str, Any]:
    """All cases by their kind, each made by its number."""
    return {
        "tables": Tables(seed, awkward),
        "models": Models(seed),
        "links": Links(seed),
        "parameters": Parameters(seed),
    }


def work(pipe: Any) -> None:
    """Try out cases as they come, until there is None."""
    # What asks for more than this is a failure, and no harm to the machine.
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (read_virtual_bytes() + ROOM_BYTES, hard))
    from tests.robustness.hostile_input.session import Session

    session = Session()
    trials = {
        "good": session.load_good,
        "tables": session.try_table,
        "models": session.try_model,
        "links": session.try_link,
        "parameters": session.try_parameters,
    }
    for case in make_models():
        session.try_model(case)
    pipe.send(read_resident_bytes())
    while (asked := pipe.recv()) is not None:
        kind, number, case = asked
        pipe.send(attempt(kind, number, partial(trials[kind], *case)))
    session.close()


def attempt(kind: str, number: int, trial: Any) -> Result:
    """Try it out, whatever it raises."""
    outcome, trouble = "", ""
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        outcome = trial() or ""
    except Exception:
        trouble = traceback.format_exc(limit=-8)
    return Result(
        kind, number, outcome, trouble, time.perf_counter() - wall, time.process_time() - cpu
    )


def read_virtual_bytes() -> int:
    n_pages = int(Path("/proc/self/statm").read_text().split()[0])
    return n_pages * resource.getpagesize()


class Watched:
    """The worker as its watcher sees it; it is started anew when it died or was killed."""

    def __init__(self, seed: int, awkward: Path | None) -> None:
        self._cases = make_cases(seed, awkward)
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
            raise RuntimeError("the worker does not start")
        self._resting_bytes, self._grown_bytes = self._pipe.recv(), 0
        self.n_started += 1

    def attempt(self, kind: str, number: int) -> Result:
        """Have a case tried out; a slow one is tried again, as others use the machine too."""
        if not self._process.is_alive():
            self._start()
        # Made here, so that the memory it takes is not the worker's.
        case = (self._cases[kind].make(number),) if kind != "good" else ()
        result = self._attempt(kind, number, case)
        for _ in range(N_TRIES - 1):
            if result.trouble or result.took_s <= LONGEST_S:
                break
            result = min(result, self._attempt(kind, number, case), key=lambda one: one.took_s)
        if not result.trouble and result.took_s > LONGEST_S:
            result = result._replace(trouble=f"it takes {result.took_s:.1f} s")
        return result

    def _attempt(self, kind: str, number: int, case: tuple[Any, ...]) -> Result:
        start, before = time.monotonic(), self._grown_bytes
        self._pipe.send((kind, number, case))
        trouble = ""
        try:
            while not self._pipe.poll(POLL_S):
                self._measure()
                if time.monotonic() - start > SILENT_S:
                    trouble = f"no answer within {SILENT_S:g} s"
                elif self._grown_bytes > KILLED_AT_BYTES:
                    trouble = f"it takes more than {KILLED_AT_BYTES >> 20} MB"
                if trouble:
                    break
            else:
                result: Result = self._pipe.recv()
                self._measure()
                if self._grown_bytes > MOST_GROWN_BYTES >= before:
                    return result._replace(trouble=f"{self._grown_bytes >> 20} MB more than before")
                return result
        except (EOFError, ConnectionError):
            self._process.join()
            trouble = f"the process died with {self._process.exitcode}"
        self._process.kill()
        self._process.join()
        return Result(kind, number, "", trouble, time.monotonic() - start, 0.0)

    def _measure(self) -> None:
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
            highest = int(status.partition("VmHWM:")[2].split()[0]) << 10
        except (OSError, IndexError):
            return
        self._grown_bytes = max(self._grown_bytes, highest - self._resting_bytes)
        self.grown_bytes = max(self.grown_bytes, self._grown_bytes)

    def close(self) -> None:
        """Let it end."""
        if self._process.is_alive():
            self._pipe.send(None)
            self._process.join(30)
            self._process.kill()
