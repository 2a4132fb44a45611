"""Notes about a table for users: its columns, their roles, and the rule for missing values."""

from collections.abc import Sequence

import numpy as np

from clusterer.support.text import join_names, make_printable
from clusterer.tables.columns.column import MAX_MISSING_SHARE, InferredColumn
from clusterer.tables.options import MissingRule
from clusterer.tables.row_source import TableSample
from clusterer.tables.table import TableRoles

MANY_COLUMNS = 200
N_COLUMN_NOTES = 20
# With fewer complete rows missing values are filled in, because dropping loses most rows.
MIN_COMPLETE_SHARE = 0.5


def write_notes(
    inferred: Sequence[InferredColumn], sample: TableSample, roles: TableRoles
) -> list[str]:
    """Return notes about the columns and their roles."""
    columns = [each.column for each in inferred]
    noted = [column for column in columns if column.note]
    notes = [f"{make_printable(column.name)}: {column.note}" for column in noted[:N_COLUMN_NOTES]]
    if len(noted) > N_COLUMN_NOTES:
        notes.append(f"{len(noted) - N_COLUMN_NOTES} more columns have notes")
    used = {*roles.features, *roles.time_parts, roles.label}
    categories = [
        column.name
        for column in columns
        if column.kind == "number"
        and column.name not in used
        and column.n_missing_share <= MAX_MISSING_SHARE
    ]
    if categories:
        notes.append(f"{join_names(categories)}: numbers of categories, to judge by the names")
    n_left_out = len(columns) - len(roles.features) - (roles.label is not None)
    if n_left_out:
        notes.append(f"{n_left_out} of {len(columns)} columns are features only if you choose them")
    if len(columns) > MANY_COLUMNS:
        notes.append(f"{len(columns):,} columns are many for clustering: consider choosing some")
    if not sample.is_all:
        notes.append(f"the kinds of the columns follow from the first {sample.n_rows:,} rows")
    if roles.time_parts:
        names = join_names([str(roles.time), *roles.time_parts])
        notes.append(f"{names} together are the time of a row")
    if roles.label is not None:
        notes.append(f"{make_printable(roles.label)} is used as the true classes, not as a feature")
    return notes


def choose_missing_rule(
    inferred: Sequence[InferredColumn], features: Sequence[str]
) -> tuple[MissingRule, str]:
    """Return the rule for missing values that keeps most rows, and a note about it."""
    names = set(features)
    chosen = [each for each in inferred if each.column.name in names]
    if not chosen or not len(chosen[0].lacking):
        return "drop", ""
    lacking = np.column_stack([each.lacking for each in chosen])
    n_rows, n_complete = len(lacking), int((~lacking.any(axis=1)).sum())
    if n_complete >= MIN_COMPLETE_SHARE * n_rows:
        return "drop", ""
    counts = lacking.sum(axis=0)
    order = np.argsort(-counts, kind="stable")[:3].tolist()
    worst = ", ".join(f"{make_printable(chosen[j].column.name)} ({counts[j]:,})" for j in order)
    return "mean", (
        f"only {n_complete:,} of the first {n_rows:,} rows have a value in every feature: missing "
        "values are filled with the mean so far; else choose missing 'drop', or leave out the "
        f"columns that lack most: {worst}"
    )
