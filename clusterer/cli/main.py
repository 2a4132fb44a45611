"""The entry point of the command line, and its exit codes."""

import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NoReturn

from clusterer.cli.arguments import make_parser
from clusterer.cli.describe import describe
from clusterer.cli.fit import fit
from clusterer.cli.predict import predict
from clusterer.cli.report import report
from clusterer.support.errors import SaturationWarning

COMMANDS: dict[str, Callable[[Any], None]] = {
    "fit": fit,
    "predict": predict,
    "describe": describe,
    "report": report,
}
SUCCESS, FAILURE = 0, 1
LOW_MEMORY = (
    "the memory that this process may take is not enough; allow more (ulimit -v), or close other "
    "programs. No output file was changed"
)
# What Python says if there is no memory for the stack of a thread.
NO_THREAD = "new thread"
# As shells report them: 128 plus the number of the signal.
INTERRUPTED, TERMINATED, BROKEN_PIPE = 128 + 2, 128 + 15, 128 + 13


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, optional
        The arguments; those of the process by default.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    SystemExit
        With code 2, for wrong usage.
    """
    chosen = make_parser().parse_args(arguments)
    # The commands say it themselves.
    warnings.simplefilter("ignore", SaturationWarning)
    try:
        COMMANDS[chosen.command](chosen)
    except BrokenPipeError:
        _close_output()
        return BROKEN_PIPE
    except KeyboardInterrupt:
        _tell("interrupted; no output file was changed")
        return INTERRUPTED
    except (ValueError, OSError, ImportError, MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and NO_THREAD not in str(error):
            raise
        _tell(_describe(error))
        _drop_output()
        return FAILURE
    return SUCCESS


def run() -> NoReturn:
    """Run the command of the process and exit; SIGTERM leaves no half-written file either."""
    signal.signal(signal.SIGTERM, _terminate)
    _open_standard_streams()
    sys.exit(main())


def _terminate(number: int, frame: object) -> NoReturn:
    sys.exit(TERMINATED)


def _tell(message: str) -> None:
    """Write a message on the standard error, unless it is closed."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            print(f"clusterer: {message}", file=sys.stderr)


def _open_standard_streams() -> None:
    """Occupy the numbers of closed standard streams; a file that got one would get messages."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        # The progress bar and the reports write to it.
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115


def _drop_output() -> None:
    """Drop output that cannot be written; Python would report it again at its end."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        _close_output()


def _close_output() -> None:
    """Let the rest of the output go nowhere; Python would report the broken pipe at its end."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _describe(error: Exception) -> str:
    if isinstance(error, MemoryError | RuntimeError):
        return LOW_MEMORY
    if isinstance(error, OSError) and error.filename is None and error.strerror:
        return f"a file cannot be read or written: {error.strerror}"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__
