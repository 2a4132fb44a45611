"""Numbers that name rows or things and measure nothing: row numbers, keys, codes."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clusterer.tables.columns.numbers import is_text

ID_NAME = re.compile(
    r"(?i)(?:.*[\s_.\-])?(?:id|uuid|guid|key)|index|idx|rowid|row_?names?|rownum|unnamed: ?\d+"
    r"|(?:row|obs|nr|no|nº|#)\.?|(?:customer|user|record|sample|patient|object|item)id"
)
# Codes may repeat, but sums and means of them have no meaning.
CODE_NAME = re.compile(
    r"(?i)(?:.*[\s_.\-])?(?:zip|plz|(?:zip|postal|post)[\s_.\-]?codes?"
    r"|postleitzahl|(?:tele)?(?:phone|fon)|tel|fax|iban|ip(?:[\s_.\-]?addr(?:ess)?)?|isbn|issn|ean|upc|gtin|ssn|imei)"
    r"(?:[\s_.\-]?(?:no|nr|num|number|nummer))?\.?"
)
UUID = r"(?i)^\{?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?$"
LEADING_ZERO = r"^0\d+$"


def are_numbers_ids(
    name: str, values: pa.Array, finite: NDArray[np.float64], is_unnamed: bool
) -> bool:
    """Tell whether the numbers of a column are identifiers.

    Parameters
    ----------
    name : str
        The name of the column.
    values : pyarrow array
        The values that are not missing, as they are written.
    finite : array of float64
        The finite numbers among them.
    is_unnamed : bool
        Whether the column is the first one and the header has no name for it.
    """
    if finite.size < 2 or np.any(finite != np.floor(finite)):
        return False
    if is_unnamed:
        return finite.size > 2 and len(np.unique(finite)) == finite.size
    if is_text(values.type):
        n_zeros = pc.sum(pc.match_substring_regex(values, LEADING_ZERO)).as_py()
        lengths = pc.unique(pc.utf8_length(values))
        if n_zeros >= 0.1 * len(values) and len(lengths) == 1 and len(values[0].as_py()) > 2:
            return True
    if CODE_NAME.fullmatch(name):
        return True
    return bool(ID_NAME.fullmatch(name)) and pc.count_distinct(values).as_py() == len(values)


def are_texts_ids(name: str, values: pa.Array, n_distinct: int) -> bool:
    """Tell whether the texts of a column are identifiers: UUIDs, or distinct texts named "id"."""
    if pc.all(pc.match_substring_regex(values, UUID)).as_py():
        return True
    return bool(ID_NAME.fullmatch(name)) and n_distinct == len(values) > 2
