"""``clusterer predict``: the cluster of each row."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray
from tqdm import tqdm

from clusterer.cli.input import PIPE, Feed, list_tables
from clusterer.cli.output import open_output
from clusterer.cluster.scaled_clusterer import Learner
from clusterer.export.data_files import combine_columns, escape_formula
from clusterer.support.text import make_printable


def predict(arguments: argparse.Namespace) -> None:
    """Label the rows of tables in the units that the model was fitted in.

    Raises ValueError or OSError; an output file is as it was then.
    """
    learner = Learner.load(arguments.model)
    names = list_tables(arguments.data)
    features = learner.feature_names
    with (
        open_output(arguments.output) as file,
        tqdm(unit=" points", unit_scale=True, disable=None) as bar,
    ):
        writer: pa_csv.CSVWriter | None = None
        for i, name in enumerate(names):
            bar.set_description(f"{i + 1}/{len(names)} {make_printable(Path(name).name, 30)}")
            feed = Feed(name, features, arguments.missing)
            features = feed.features
            check_number(learner, feed)
            shown = None if len(names) == 1 else "-" if name == PIPE else name
            for points, rows in feed.read():
                labels = learner.predict(points)
                batch = make_batch(features, shown, rows, labels, points)
                writer = writer or pa_csv.CSVWriter(file, batch.schema)
                writer.write(batch)
                bar.update(len(points))
            feed.tell_losses()
        if writer is None:
            raise ValueError("no row could be used, so there is nothing to label")
        writer.close()


def check_number(learner: Learner, feed: Feed) -> None:
    """Raise ValueError where a model without names of columns meets another number of them."""
    wanted, found = learner.model.n_features_in_, len(feed.features)
    if wanted != found:
        raise ValueError(
            f"{feed.table.name} has {found} columns of measurements, and the model {wanted} "
            "features without names: fit it with names, or label a table of these columns alone"
        )


def make_batch(
    features: Sequence[str],
    file: str | None,
    rows: NDArray[np.int64],
    labels: NDArray[np.int64],
    points: NDArray[np.float64],
) -> pa.RecordBatch:
    """Rows of the output; text in it is made fit for a spreadsheet."""
    told = {} if file is None else {"file": [escape_formula(make_printable(file, 500))] * len(rows)}
    columns = combine_columns({**told, "row": rows, "cluster": labels}, tuple(features), points)
    return pa.record_batch(
        [pa.array(values) for _, values in columns], names=[name for name, _ in columns]
    )
