"""The roles of columns: features, true classes, time."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

from clusterer.tables.columns.column import MAX_MISSING_SHARE, InferredColumn
from clusterer.tables.columns.dates import TIME_PARTS, TimeFormat
from clusterer.tables.columns.identifiers import DURATION_NAME

LABEL = re.compile(
    r"(?i)(?:true|ground|real|actual|known|cluster|class|target)?[\s_.\-]*"
    r"(?:labels?|class(?:es|_?labels?)?|klasse|targets?|clusters?|truth|gt"
    r"|classe|clase|klass|klasa|třída|trieda|sınıf|luokka|osztály|clasa|класс|клас|κλάση|etikett?e?|etiqueta|etichetta|étiquette"
    r"|etykieta|rótulo|метка|y[\s_](?:train|test|val|true|all)"
    r"|(?:train|test|val|all)[\s_]?(?:y|labels?|targets?|classes)"
    r"|cluster[\s_]?nummer|类别|類別|类|分类|分類|标签|クラス|ラベル|클래스|라벨|레이블|वर्ग|क्लास|فئة|صنف"
    r"|סוג|קבוצה)(?:[\s_.\-]*(?:id|nr|no))?"
)
# Names of outcomes; they hold classes wherever they stand, if they have few values.
OUTCOME = re.compile(
    r"(?i)species|art|espèce|especie|specie|soort|gatunek|вид|物种|種|品種|diagnosis|diagnose|outcome"
    r"|variety|cultivar|survived|churn(?:ed)?|attrition|exited|default(?:ed)?|deposit|income"
    r"|(?:is[\s_]?)?(?:fraud|spam|anomaly|outlier|canceled)|loan[\s_]status|potability"
    r"|(?:heart[\s_]?)?disease|stroke|sentiment|ground[\s_]?truth|result|subtype|cell[\s_]?type"
    r"|activity|defaulter"
)
# Columns with these names hold classes only if they are the last column.
LAST_LABEL = re.compile(
    r"(?i)y|category|categories|groups?|type|kind|quality|status|response|typ|kategori(?:e|a|ja)?"
    r"|categor[íi]a|cat[ée]gorie|kategória|категория|grupp?e?|grupo|gruppo|groupe|grupa|groep|группа"
    r"|tipo|種類|种类|종류|类型|類型|유형|タイプ|qualität|calidad|qualité|qualità|качество"
)
# Columns of text with these names name places and people, no classes.
NO_LABEL = re.compile(
    r"(?i)(?:.*[\s_.\-])?(?:\w*name|\w*code|city|country|region|state|site|station|sensor|device|location"
    r"|place|address|street|store|shop|gender|sex|date|time|user|customer|file|path|url|comment"
    r"|note|unit|freq|currency|month|weekday|day|ort|stadt|land|straße|geschlecht|ville|pays|ciudad"
    r"|país|paese|città|город|страна|пол|城市|国家|国|市|性别|都市|도시)s?(?:[\s_.\-].*)?"
)
# A name like this means classes of any kind, such as Pclass, risk_class or Region.
CLASS_NAME = re.compile(
    r"(?i).*(?:class|klasse|classe|clase|category|cluster|label|target)"
    r"|(?:.*[\s_.\-])?(?:region|channel|district|zone|ward|origin|gender|sex|race|ethnicity|religion"
    r"|subject|participant|proband|station|store|shop|branch|filiale|site|sensor|device|gruppe?"
    r"|occupation|department|dept|marital[\s_.\-]?status|branch|state|country|county|city|type"
    r"|geschlecht|abteilung|bundesland|kanal|région|sexe|región|sexo|género|regione|sesso)"
)
# Times with these names tell how long something took.
LAP_NAME = re.compile(
    r"(?i)\b(?:pace|laps?|splits?|finish|gun|chip|net|spent|taken|swim|bike|run|leg|total)\b"
)
MAX_CLASSES = 1000
# Without a name that says so, a column of classes has few values that repeat often.
MAX_UNNAMED_CLASSES = 30
MAX_UNCLASSED_SHARE = 0.01
MIN_REPEATS = 5
# Fewer numbers may be distinct by chance.
MIN_KEYS = 50
# A column of whole numbers among decimals is a class only with very few values.
MAX_NUMBERED_CLASSES = 10


class Roles(NamedTuple):
    """The table of which the roles are chosen.

    Parameters
    ----------
    inferred : sequence of InferredColumn
        The columns.
    n_distinct : sequence of int
        The number of distinct values of each column in the sample.
    n_rows : int
        The number of rows in the sample.
    has_header : bool
        Whether the columns have names.
    """

    inferred: Sequence[InferredColumn]
    n_distinct: Sequence[int]
    n_rows: int
    has_header: bool


def choose_features(
    table: Roles, label: int | None, parts: Collection[int] = ()
) -> tuple[str, ...]:
    """Return the names of the default features.

    Features are columns of numbers that are not the label and hold no other classes. The columns
    `parts`, such as months beside years, are none: they belong to the time. Columns with
    more than half of their values missing are features only if all columns are like that, and
    counters only if there is nothing else.
    """
    chosen = [
        each.column
        for i, each in enumerate(table.inferred)
        if each.column.kind == "number"
        and i != label
        and i not in parts
        and not _is_class(table, i)
    ]
    full = [column for column in chosen if column.n_missing_share <= MAX_MISSING_SHARE]
    counters = [each.column for each in table.inferred if each.is_counter]
    return tuple(column.name for column in full or chosen or counters)


def find_label(table: Roles) -> int | None:
    """Return the index of the column that looks like the true classes, or None.

    The name of the column decides. If no name does, it is the first or the last column with few
    texts, or without a header also with few whole numbers beside columns of decimals.
    """
    indices = range(len(table.inferred) - 1, -1, -1)
    for pattern in (LABEL, OUTCOME):
        for i in indices:
            # Letters of full and half width are the same letters.
            name = unicodedata.normalize("NFKC", table.inferred[i].column.name.strip())
            is_last = pattern is LABEL and i == indices[0] > 0 and _is_last_label(table, name)
            if (is_last or pattern.fullmatch(name)) and _can_be_label(table, i, pattern):
                return i
    return next((i for i in _list_ends(table) if _is_unnamed_label(table, i)), None)


def find_time(inferred: Sequence[InferredColumn]) -> int | None:
    """Return the index of the first column of dates, or of times in order if there is no date."""
    dates = [i for i, each in enumerate(inferred) if each.column.kind == "date"]
    with_day = [i for i in dates if not _is_clock(inferred[i])]
    clocks = [i for i in dates if _is_clock(inferred[i]) and _is_time_of_row(inferred[i])]
    return next(iter(with_day or clocks), None)


def mark_key(table: Roles) -> Roles:
    """Return the table with its first column as an identifier if its numbers look like keys.

    Without a header, keys are distinct whole numbers beside columns of decimals.
    """
    first, *others = table.inferred
    numbers = [each for each in others if each.column.kind == "number"]
    is_key = (
        not table.has_header
        and first.column.kind == "number"
        and first.is_whole
        and first.column.minimum >= 0
        and table.n_distinct[0] == table.n_rows >= MIN_KEYS
        and 2 * sum(not each.is_whole for each in numbers) > len(numbers)
    )
    if not is_key:
        return table
    note = "distinct whole numbers, taken for an identifier: a feature only if you choose it"
    column = replace(first.column, kind="id", note=note)
    return table._replace(inferred=[first._replace(column=column), *others])


def find_time_parts(inferred: Sequence[InferredColumn], time: int | None) -> dict[int, TimeFormat]:
    """Return the columns that make up the time of a row with the column `time`, and their formats.

    Years have months, days, hours and so on, each only after the one before. Dates without a time
    of the day have the next column of such times.
    """
    date_format = None if time is None else inferred[time].time_format
    if time is None or date_format is None or date_format.is_clock or date_format.has_clock:
        return {}
    clocks = [i for i, each in enumerate(inferred) if _is_clock(each)]
    nearest = sorted(clocks, key=lambda i: abs(i - time))[:1]
    clock = {i: each for i in nearest if (each := inferred[i].time_format) is not None}
    if date_format.unit != "years":
        return clock
    parts: dict[int, TimeFormat] = {}
    for unit, *_ in TIME_PARTS:
        found = next((i for i, each in enumerate(inferred) if _has_unit(each, unit)), None)
        if found is not None:
            parts[found] = TimeFormat(number_format=inferred[found].number_format, unit=unit)
        elif unit == "hours" and parts:
            return parts | clock
        elif unit != "months of a year":
            break
    return parts


def _has_unit(each: InferredColumn, unit: str) -> bool:
    """Tell whether a column holds such parts of a time, by its name and its values."""
    lowest, highest, pattern = next(row[1:] for row in TIME_PARTS if row[0] == unit)
    column = each.column
    is_number = column.kind in ("number", "constant", "id", "date") and each.is_whole
    is_named = re.fullmatch(rf"(?i){pattern}", column.name.strip()) is not None
    return is_number and is_named and lowest <= column.minimum <= column.maximum <= highest


def _is_clock(each: InferredColumn) -> bool:
    return each.time_format is not None and each.time_format.is_clock


def _is_time_of_row(each: InferredColumn) -> bool:
    """Tell whether times of the day may be those of the rows, and no durations."""
    is_ordered = each.time_format is not None and each.time_format.is_ordered
    name = each.column.name
    return is_ordered and not (DURATION_NAME.match(name) or LAP_NAME.search(name))


def _is_class(table: Roles, i: int) -> bool:
    """Tell whether the name says that whole numbers with few values are classes."""
    each = table.inferred[i]
    is_few = table.n_distinct[i] <= min(MAX_UNNAMED_CLASSES, max(2, table.n_rows // MIN_REPEATS))
    return each.is_whole and is_few and bool(CLASS_NAME.fullmatch(each.column.name.strip()))


def _is_last_label(table: Roles, name: str) -> bool:
    # If there is a column x, y is a coordinate.
    names = {each.column.name.lower() for each in table.inferred}
    if name.lower() == "y" and "x" in names:
        return False
    return LAST_LABEL.fullmatch(name) is not None and table.n_distinct[-1] <= table.n_rows // 3


def _can_be_label(table: Roles, i: int, pattern: re.Pattern[str]) -> bool:
    inferred, n_distinct, n_rows = table.inferred[i], table.n_distinct[i], table.n_rows
    kind = inferred.column.kind
    is_number = kind in ("number", "id")
    if kind in ("empty", "date") or (is_number and not inferred.is_whole):
        return False
    if pattern is OUTCOME:
        # An income in whole thousands is an amount, an income of 0 or 1 an outcome.
        most = min(n_rows // 3, MAX_UNNAMED_CLASSES) if is_number else n_rows // 3
        if not 2 <= n_distinct <= max(2, most):
            return False
    return n_distinct <= MAX_CLASSES and (n_distinct <= max(2, n_rows // 2) or n_rows < 10)


def _list_ends(table: Roles) -> list[int]:
    """Return the indices of the last and the first column that are no ids, text before numbers."""
    indices = [i for i, each in enumerate(table.inferred) if each.column.kind != "id"]
    ends = [indices[-1], indices[0]] if len(indices) > 1 else []
    return sorted(ends, key=lambda i: table.inferred[i].column.kind == "number")


def _is_unnamed_label(table: Roles, i: int) -> bool:
    """Tell whether the values of a column look like classes, whatever its name."""
    each, n_distinct = table.inferred[i], table.n_distinct[i]
    if not 2 <= n_distinct <= min(MAX_UNNAMED_CLASSES, table.n_rows // MIN_REPEATS):
        return False
    others = [other for j, other in enumerate(table.inferred) if j != i]
    numbers = [other for other in others if other.column.kind == "number"]
    kind = each.column.kind
    # A row of units or of sums has no class.
    has_classes = each.column.n_missing_share <= max(MAX_UNCLASSED_SHARE, 1.5 / table.n_rows)
    if kind in ("text", "boolean") and has_classes:
        if not table.has_header:
            return True
        # A column of text with a name counts only if it is the only one.
        is_alone = all(other.column.kind not in ("text", "boolean") for other in others)
        is_place = NO_LABEL.fullmatch(each.column.name.strip())
        return kind == "text" and is_alone and is_place is None and len(numbers) > 0
    if table.has_header or kind != "number" or not each.is_whole:
        return False
    n_decimal = sum(not other.is_whole for other in numbers)
    is_range = each.column.maximum - each.column.minimum < 2 * n_distinct
    return is_range and n_distinct <= MAX_NUMBERED_CLASSES and n_decimal > len(numbers) / 2
