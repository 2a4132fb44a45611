"""The entry point of the command line, and its exit codes."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from clusterer.cli.arguments import make_parser
from clusterer.cli.describe import describe
from clusterer.cli.fit import fit
from clusterer.cli.predict import predict

COMMANDS: dict[str, Callable[[Any], None]] = {"fit": fit, "predict": predict, "describe": describe}
SUCCESS, FAILURE = 0, 1
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
    try:
        COMMANDS[chosen.command](chosen)
    except BrokenPipeError:
        # Python would report the broken pipe again when it closes the output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt:
        print("clusterer: interrupted; no output file was changed", file=sys.stderr)
        return INTERRUPTED
    except (ValueError, OSError, ImportError) as error:
        print(f"clusterer: {_describe(error)}", file=sys.stderr)
        return FAILURE
    return SUCCESS


def run() -> NoReturn:
    """Run the command of the process and exit; SIGTERM leaves no half-written file either."""
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(main())


def _terminate(number: int, frame: object) -> NoReturn:
    sys.exit(TERMINATED)


def _describe(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__
