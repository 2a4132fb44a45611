"""The command line: fit a model to tables, label their rows, describe a model.

``python -m clusterer --help`` lists the commands. The command line needs no GUI and reads tables of
any length in constant memory. Exit codes: 0 for success, 1 for an error in the data or the model, 2
for wrong usage, 130 for an interruption, 143 for a termination from outside, 141 for an output
that no program reads any more. An output file is complete or absent.
"""

from clusterer.support.failed_start import end_command

try:
    from clusterer.cli.main import main, run
except (ImportError, MemoryError, OSError) as error:
    end_command(error)
    raise

__all__ = ["main", "run"]
