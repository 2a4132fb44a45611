"""Starts a process that reads a file, and takes its reply and its output."""

import json
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from clusterer.tables.errors import TableError
from clusterer.tables.limits import READ_BUDGET

STARTER = Path(__file__).with_name("limited_process.py")
BLOCK_BYTES = 2**18
MAX_REPLY_BYTES = 2**20


@dataclass(frozen=True)
class ReadingProcess:
    """A program of this folder that writes a line of JSON, then a table as CSV text.

    Parameters
    ----------
    program : str
        The file name of the program.
    path : Path
        The file to read.
    explain : callable
        Returns the error for users from the code with which a process ended too early; a process
        that was ended by the system has a negative code.
    """

    program: str
    path: Path
    explain: Callable[[int], TableError]

    def ask(self, *arguments: str) -> dict[str, Any]:
        """Return the reply only."""
        with self._run(arguments) as (reply, _):
            return reply

    def read(self, *arguments: str) -> Generator[bytes, None, None]:
        """Yield the output after the reply.

        Raises TableError at the end if the process did not end well.
        """
        with self._run(arguments) as (_, output):
            while block := output.read(BLOCK_BYTES):
                yield block

    @contextmanager
    def _run(self, arguments: Sequence[str]) -> Iterator[tuple[dict[str, Any], IO[bytes]]]:
        program = STARTER.with_name(self.program)
        line = [STARTER, READ_BUDGET, program, self.path.absolute(), *arguments]
        process = subprocess.Popen(
            [sys.executable, "-I", *map(str, line)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdout is not None
        try:
            reply = process.stdout.readline(MAX_REPLY_BYTES)
            if not reply.endswith(b"\n"):
                raise self.explain(process.wait())
            yield json.loads(reply), process.stdout
            # Only at the end of the output a process that is no longer running has ended by itself.
            if not process.stdout.read(1) and process.wait() != 0:
                raise self.explain(process.returncode)
        finally:
            process.kill()
            process.stdout.close()
            process.wait()
