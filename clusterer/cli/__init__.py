"""The command line: fit a model to tables, label their rows, describe the model.

``python -m clusterer --help`` tells more. It knows no GUI, streams in flat memory, and ends with 0
when all went well, 1 on trouble with the data or the model, 2 on wrong usage, 130 when interrupted
(143 when ended from outside, 141 when nobody reads its output any more). An output file is complete
or not there.
"""

from clusterer.cli.main import main, run

__all__ = ["main", "run"]
