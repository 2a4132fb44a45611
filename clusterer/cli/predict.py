"""``clusterer predict``: label the rows of tables."""

import argparse
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray
from tqdm import tqdm

from clusterer.cli.input import InputTable, list_tables
from clusterer.cli.output import open_output, refuse_input
from clusterer.cli.reading import make_reading_options
from clusterer.evaluation.row_labels import RowLabeller
from clusterer.export.data_files import Columns, combine_columns, escape_formula
from clusterer.export.labelled_table import Format, write_labelled_table
from clusterer.scaled_learner import ScaledLearner
from clusterer.support.text import join_names, make_printable
from clusterer.svm.stream_classifier import StreamClassifier

PARQUET = ".parquet"


def predict(arguments: argparse.Namespace) -> None:
    """Label the rows of tables in the units that the model was fitted in.

    Raises ValueError or OSError and then leaves the output file unchanged.
    """
    learner = ScaledLearner.load(arguments.model)
    names = list_tables(arguments.data)
    refuse_input(arguments.output, [arguments.model, *names])
    features = choose_features(learner, arguments.features)
    options = make_reading_options(arguments)
    if arguments.append:
        append_labels(learner, InputTable(_take_one(names), features, options), arguments.output)
        return
    with (
        open_output(arguments.output) as file,
        tqdm(unit=" points", unit_scale=True, disable=None) as bar,
    ):
        writer: pa_csv.CSVWriter | None = None
        for i, name in enumerate(names):
            bar.set_description(f"{i + 1}/{len(names)} {make_printable(Path(name).name, 30)}")
            table = InputTable(name, features, options)
            features = table.features
            check_n_features(learner, table)
            shown = None if len(names) == 1 else name
            for points, rows, _ in table.read():
                batch = make_batch(features, shown, rows, label_points(learner, points), points)
                writer = writer or pa_csv.CSVWriter(file, batch.schema)
                writer.write(batch)
                bar.update(len(points))
            table.report_changes()
        if writer is None:
            raise ValueError("the tables have no usable row, so nothing was labelled")
        writer.close()


def append_labels(learner: ScaledLearner, table: InputTable, output: str) -> None:
    """Write a table with all rows and columns and what the model says about each row."""
    check_n_features(learner, table)
    kind: Format = "parquet" if Path(output).suffix.lower() == PARQUET else "csv"
    with (
        open_output(output) as file,
        tqdm(unit=" rows", unit_scale=True, disable=None) as bar,
        closing(
            write_labelled_table(file, table.table, table.features, RowLabeller(learner), kind)
        ) as written,
    ):
        for n_rows in written:
            bar.update(n_rows - bar.n)
    table.close()
    table.report_changes()


def _take_one(names: Sequence[str]) -> str:
    """The only table; ValueError for several, whose columns may differ."""
    if len(names) != 1:
        raise ValueError(
            f"--append writes one table with its columns, but {len(names)} tables are given; call "
            "the command once for each"
        )
    return names[0]


def choose_features(learner: ScaledLearner, chosen: Sequence[str] | None) -> tuple[str, ...] | None:
    """Return the columns to label; ValueError if the model has learned others than those chosen."""
    learned = learner.feature_names
    if learned is not None and chosen is not None and tuple(chosen) != tuple(learned):
        raise ValueError(
            f"the model has learned the columns {join_names([*learned])}; --features must name "
            "these in this order or be left out"
        )
    return learned or (None if chosen is None else tuple(chosen))


def label_points(learner: ScaledLearner, points: NDArray[np.float64]) -> Columns:
    """Return the columns that the model predicts: the cluster, or the class and its margin."""
    model = learner.model
    if not isinstance(model, StreamClassifier):
        return {"cluster": learner.predict(points)}
    scaled = points if learner.scaling is None else learner.scaling.apply(points)
    classes = model.predict(scaled)
    margins = model.measure_margins(scaled)
    if classes.dtype.kind != "U":
        return {"class": classes, "margin": margins}
    names = [escape_formula(make_printable(name, 500)) for name in classes.tolist()]
    return {"class": names, "margin": margins}


def check_n_features(learner: ScaledLearner, table: InputTable) -> None:
    """Raise ValueError if a model without column names has another number of features."""
    wanted, found = learner.model.n_features_in_, len(table.features)
    if wanted != found:
        raise ValueError(
            f"{table.table.name} has {found} columns of measurements, but the model has {wanted} "
            "features without names; fit the model on named columns, or label a table with "
            "exactly these columns"
        )


def make_batch(
    features: Sequence[str],
    file: str | None,
    rows: NDArray[np.int64],
    labels: Columns,
    points: NDArray[np.float64],
) -> pa.RecordBatch:
    """Rows of the output; text in them is escaped for spreadsheets."""
    files = [escape_formula(make_printable(file, 500))] * len(rows) if file is not None else None
    columns = {} if files is None else {"file": files}
    named = combine_columns({**columns, "row": rows, **labels}, tuple(features), points)
    return pa.record_batch([pa.array(values) for _, values in named], names=[n for n, _ in named])
