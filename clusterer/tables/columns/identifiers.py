"""Numbers that name rows or things and measure nothing: row numbers, keys, codes."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clusterer.tables.columns.numbers import is_text

ID_NAME = re.compile(
    r"(?i)(?:.*[\s_.\-])?(?:id|uuid|guid|key)|index|idx|rowid|row_?names?|rownum|unnamed: ?\d+"
    r"|(?:row|obs|nr|no|nº|#|n°|номер|番号|序号|编号|번호|lp)\.?"
    r"|(?:customer|user|record|sample|patient|object|item)id"
)
# In long tables numbers with these names are identifiers if they are distinct.
NUMBER_NAME = re.compile(
    r"(?i)(?:.*[\s_.\-])?(?:num|number|nummer|numero|número|numéro)|(?-i:.*[a-z](?:Number|Key|Index))"
)
# Codes may repeat, but sums and means of them have no meaning.
CODE_NAME = re.compile(
    r"(?i)(?:.*[\s_.\-])?(?:zip|plz|(?:zip|postal|post|area|country|branch|store|product|stock|item)"
    r"[\s_.\-]?codes?|code[\s_]postal|codigo[\s_]postal|código[\s_]postal|cap|cep|индекс"
    r"|postleitzahl|(?:tele)?(?:phone|fon)|tel|fax|mobile|handy|tél|téléphone|teléfono|telefone"
    r"|telefono|телефон|电话|電話|전화|iban|ip(?:[\s_.\-]?addr(?:ess)?)?|isbn|issn|ean|upc|gtin"
    r"|ssn|imei|barcode|sku|passport|vin|fips|naics|sic|invoice|receipt|voucher|transaction"
    r"|rechnung|beleg|facture|factura|fattura)"
    r"(?:[\s_.\-]?(?:no|nr|num|number|nummer|code))?\.?"
)
# Names that end with ID, No or Number, also without a separator: CustomerID, InvoiceNo.
THING_NAME = re.compile(
    r".*(?:[a-z](?:ID|Id|No|Nr|Num|Code)|[\s_.\-](?i:id|nr|no)\.?"
    r"|(?i:(?:account|invoice|order|customer|serial|phone|card|ticket|batch|flight|contract|policy"
    r"|reference|case|member)[\s_.\-]?(?:number|num|nr|no)\.?|(?:konto|rechnungs|kunden|artikel"
    r"|bestell|beleg|matrikel|serien|telefon|haus|vertrags)[\s_.\-]?(?:nummer|nr)\.?|numéro.*))"
)
# A duration counts only if it begins with 0 or with its step.
DURATION_NAME = re.compile(
    r"(?i).*(?:elapsed|moving|duration|dauer|durée|duración|durata|runtime|\b(?:avg|average|mean)\b)"
)
# Fewer rows may count up by chance.
MIN_COUNTED = 20
MIN_KEYS = 50
# The share of equal steps in numbers of rows; some rows may be lacking.
MIN_COUNTING_SHARE = 0.9
# From this many digits on numbers of one length are numbers of accounts, phones or articles.
MIN_CODE_DIGITS = 10
MIN_LONG_CODE = 5
UUID = r"(?i)^\{?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?$"
LEADING_ZERO = r"^0\d+$"
# Hexadecimal codes such as 03E7 look like numbers with an exponent.
HEX_CODE = r"^\d+(?:[eE]\d+)?$"
PHONE = r"^(?:\+|00)\d[\d ]{7,15}$"


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
        # Row numbers begin again where tables were joined.
        is_distinct = len(np.unique(finite)) == finite.size
        counts = float(np.mean(np.abs(np.diff(finite)) == 1)) >= MIN_COUNTING_SHARE
        return finite.size > 2 and (is_distinct or counts)
    if is_text(values.type):
        n_zeros = pc.sum(pc.match_substring_regex(values, LEADING_ZERO)).as_py()
        lengths = pc.unique(pc.utf8_length(values))
        n_digits = len(values[0].as_py())
        # Few of the long codes begin with a zero.
        fewest = 0.1 * len(values) if n_digits < MIN_LONG_CODE else 1
        if n_zeros >= fewest and len(lengths) == 1 and n_digits > 2:
            return True
        if _is_all(values, PHONE) or _are_hex_codes(values):
            return True
    if CODE_NAME.fullmatch(name) or THING_NAME.fullmatch(name):
        return True
    if _have_code_length(values, finite):
        return True
    is_named = ID_NAME.fullmatch(name) or (finite.size >= MIN_KEYS and NUMBER_NAME.fullmatch(name))
    return bool(is_named) and pc.count_distinct(values).as_py() == len(values)


def find_counter_step(name: str, finite: NDArray[np.float64], is_time: bool) -> float | None:
    """Return the step by which numbers count from row to row, or None if they do not count.

    Decimals count only if they begin with 0 or with the step, or if the name says that they are
    times. Whole numbers count although some rows are lacking.

    Examples
    --------
    >>> find_counter_step("no", np.arange(5000.0, 5100.0, 2.0), is_time=False)
    2.0
    >>> find_counter_step("x", np.arange(50) ** 2.0, is_time=False) is None
    True
    """
    if finite.size < MIN_COUNTED or abs(float(finite[0])) > 2.0**53:
        return None
    step = float(finite[-1] - finite[0]) / (finite.size - 1)
    is_duration = DURATION_NAME.match(name) is not None
    if finite.size >= MIN_KEYS and not is_duration and _count_with_gaps(finite):
        return float(np.median(np.diff(finite)))
    tolerance = 1e-9 * max(abs(float(finite[0])), abs(float(finite[-1]))) + 1e-6 * abs(step)
    # The first steps show quickly that most columns do not count.
    if step == 0 or np.abs(np.diff(finite[:4]) - step).max() > tolerance:
        return None
    if np.abs(np.diff(finite) - step).max() > tolerance:
        return None
    starts_at_zero = bool(np.isclose(finite[0], 0) or np.isclose(finite[0], step))
    if is_duration:
        return step if starts_at_zero else None
    is_whole = bool(np.all(finite == np.floor(finite)))
    return step if is_whole or starts_at_zero or is_time else None


def _count_with_gaps(finite: NDArray[np.float64]) -> bool:
    """Tell whether whole numbers go up, or down, nearly always by the same step."""
    # The first steps show quickly that most columns do not count.
    if len(set(np.diff(finite[:10]).tolist())) > 3 or np.any(finite != np.floor(finite)):
        return False
    steps = np.diff(finite)
    step = float(np.median(steps))
    is_sorted = bool(np.all(steps > 0) if step > 0 else np.all(steps < 0))
    return is_sorted and float(np.mean(steps == step)) >= MIN_COUNTING_SHARE


def _have_code_length(values: pa.Array, finite: NDArray[np.float64]) -> bool:
    """Tell whether distinct whole numbers have many digits, all the same number of them."""
    if finite.size < MIN_COUNTED or finite.min() < 10 ** (MIN_CODE_DIGITS - 1):
        return False
    is_one_length = int(np.log10(finite.min())) == int(np.log10(finite.max()))
    return is_one_length and len(np.unique(finite)) == finite.size == len(values)


def _are_hex_codes(values: pa.Array) -> bool:
    if len(pc.unique(pc.utf8_length(values))) != 1 or not _is_all(values, HEX_CODE):
        return False
    has_letter = pc.match_substring_regex(values, "[eE]")
    starts_with_zero = pc.match_substring_regex(values, "^0")
    return bool(pc.any(pc.and_(has_letter, starts_with_zero)).as_py())


def _is_all(values: pa.Array, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(values, pattern)).as_py())


def are_texts_ids(name: str, values: pa.Array, n_distinct: int) -> bool:
    """Tell whether the texts of a column are identifiers: UUIDs, or distinct texts named "id"."""
    if pc.all(pc.match_substring_regex(values, UUID)).as_py():
        return True
    return bool(ID_NAME.fullmatch(name)) and n_distinct == len(values) > 2
