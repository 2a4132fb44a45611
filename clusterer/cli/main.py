"""Where the command line begins, and what it ends with."""

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
FINE, TROUBLE, INTERRUPTED = 0, 1, 130
ENDED, UNREAD = 128 + 15, 128 + 13


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say; returns the exit code. Raises SystemExit(2) on wrong usage."""
    chosen = make_parser().parse_args(arguments)
    try:
        COMMANDS[chosen.command](chosen)
    except BrokenPipeError:
        # Python would complain once more when it closes the output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
    except KeyboardInterrupt:
        print("clusterer: interrupted; no output file was changed", file=sys.stderr)
        return INTERRUPTED
    except (ValueError, OSError, ImportError) as error:
        print(f"clusterer: {_describe(error)}", file=sys.stderr)
        return TROUBLE
    return FINE


def run() -> NoReturn:
    """Be the program: what ends it from outside leaves no half-written file either."""
    signal.signal(signal.SIGTERM, _end)
    sys.exit(main())


def _end(number: int, frame: object) -> NoReturn:
    sys.exit(ENDED)


def _describe(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__
