"""The message of a command that cannot load its libraries."""

import sys
from pathlib import Path

COMMAND = "clusterer"


def end_command(error: BaseException) -> None:
    """End the process with a sentence if it is the command line; do nothing in other programs.

    With too little memory the import of a library fails in many ways, each with a traceback that
    does not tell the cause.
    """
    if not is_command(sys.argv[:1], sys.orig_argv):
        return
    sys.exit(
        f"{COMMAND}: a library cannot be loaded ({str(error)[:200]}); if the memory of this "
        "process is limited (ulimit -v), allow more"
    )


def is_command(started: list[str], original: list[str]) -> bool:
    """Tell from the arguments of the process whether it is the command line.

    Examples
    --------
    >>> is_command(["-m"], ["python", "-m", "clusterer", "fit"]), is_command(["a.py"], [])
    (True, False)
    >>> is_command(["site-packages/clusterer/__main__.py"], []), is_command(["bin/clusterer"], [])
    (True, True)
    """
    path = Path(started[0] if started else "")
    # Python replaces "-m" by the path of the module when it has found the module.
    is_module = path.name == "-m" and COMMAND in original
    is_module |= path.parts[-2:] == (COMMAND, "__main__.py")
    return is_module or path.stem == COMMAND
