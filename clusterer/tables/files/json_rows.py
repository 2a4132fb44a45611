"""JSON as rows: lines, records, and the other shapes that programs write.

The shapes: an object or an array per line; an array of objects or of arrays; and, as one object,
the layouts of `pandas.DataFrame.to_json` ("columns", "index", "split", "table"), an object of
arrays of equal length, a GeoJSON collection, and an object with one array of records in it.
"""

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

from clusterer.support.text import join_names, make_printable
from clusterer.tables.errors import TableError
from clusterer.tables.files.json_values import (
    BLANKS,
    BLOCK_BYTES,
    BrokenValue,
    make_decoder,
    read_document,
    read_lines,
    read_values,
)
from clusterer.tables.files.rendered_text import OpenReader, Read, RenderedText, write_rows
from clusterer.tables.limits import Limits

N_NAMING_RECORDS = 5_000
N_NAMING_CELLS = 200_000
MIN_NAMING_RECORDS = 100
MAX_DEPTH = 4
NAME_KEYS = ("columns", "fields", "header", "headers")
ROW_KEYS = ("data", "rows", "values", "records", "items")
N_LISTED = 6


class _Shape(NamedTuple):
    """How the rows are read from a text: a note for users, and a function of `read`."""

    note: str
    read_rows: Callable[[Read], Iterator[Any]]
    names: Sequence[str] | None = None


class Records(NamedTuple):
    """Records found in a JSON object: objects or arrays, the names of arrays, and the place."""

    rows: Sequence[Any]
    names: Sequence[str] | None = None
    place: str = ""


def open_json(name: str, open_reader: OpenReader, limits: Limits) -> RenderedText:
    """Return a JSON file as rows of text.

    Raises TableError if the text is no JSON, or holds no rows.
    """
    with open_reader() as read:
        shape = _detect_shape(read, name, limits)
    if shape is None:
        with open_reader() as read:
            found = find_records(read_document(read, name), name)
        place = f", in {make_printable(found.place)}" if found.place else ""
        shape = _Shape(f"read as JSON{place}", lambda _: iter(found.rows), found.names)
    with open_reader() as read:
        layout = _detect_layout(shape.read_rows(read), shape.names, limits, name)
    notes = [shape.note]
    if not layout.is_all:
        notes.append(f"the columns are the keys of the first {layout.n_records:,} records")

    def render() -> Generator[bytes, None, None]:
        with open_reader() as read:
            rows = _make_rows(shape.read_rows(read), layout)
            yield from write_rows(chain([layout.names], rows) if layout.names else rows)

    return RenderedText(name, render, notes, has_header=True if layout.names else None)


def _detect_shape(read: Read, name: str, limits: Limits) -> _Shape | None:
    """Return how the rows stream; None for one object that must be read as a whole."""
    most = limits.max_line_bytes
    lines = _Shape("read as JSON lines", lambda read: read_lines(read, name, most))
    values = _Shape("read as JSON records", lambda read: read_values(read, name, most))
    text = b""
    while len(text) <= most and (block := read(BLOCK_BYTES)):
        text += block
        if b"\n" in text.strip() or text.lstrip()[:1] == b"[":
            break
    start = text.decode("utf-8", "replace").strip(BLANKS)
    first, _, second = start.partition("\n")
    if second and _is_value(first) and second.lstrip()[:1] in ("{", "["):
        return lines
    if start[:1] == "[":
        return values
    try:
        value, stop = make_decoder().raw_decode(start)
    except (ValueError, RecursionError):
        return None
    follows = start[stop:].lstrip(BLANKS + ",")[:1] == "{"
    is_flat = not any(isinstance(each, list | dict) for each in value.values())
    return values if follows or is_flat else None


def _is_value(line: str) -> bool:
    try:
        return isinstance(make_decoder().decode(line), dict | list)
    except (ValueError, RecursionError):
        return False


def find_records(value: Any, name: str) -> Records:
    """Return the rows of a JSON object; TableError if it has none.

    Examples
    --------
    >>> find_records({"x": {"0": 1, "1": 2}, "y": {"0": 3, "1": 4}}, "t").rows
    [[1, 3], [2, 4]]
    >>> find_records({"columns": ["x"], "index": [0], "data": [[5]]}, "t")
    Records(rows=[[5]], names=['x'], place='')
    >>> find_records({"meta": 1, "rows": [{"x": 1}]}, "t")
    Records(rows=[{'x': 1}], names=None, place='rows')
    """
    found = _find_layout(value) if isinstance(value, dict) else None
    if found is None:
        places = dict(_find_arrays(value, "", MAX_DEPTH))
        if len(places) > 1:
            shown = join_names([make_printable(place, 40) for place in places], N_LISTED)
            raise TableError(
                f"{name} is JSON with several arrays of records ({shown}): save one as CSV"
            )
        if not places:
            raise TableError(
                f"{name} looks like JSON, but no table of rows was found in it: save it as CSV"
            )
        place, rows = places.popitem()
        found = Records(rows, None, place)
    return found


def _find_layout(value: dict[str, Any]) -> Records | None:
    """Return the rows of the layouts that programs write; None if it is none of them."""
    columns: Any = next((value[key] for key in NAME_KEYS if key in value), None)
    data: Any = next((value[key] for key in ROW_KEYS if key in value), None)
    if _is_array_of(columns, (str, list, dict)) and _is_array_of(data, list):
        return Records(data, [_make_name(each) for each in columns])
    if "schema" in value and _is_array_of(data, dict):
        schema = value["schema"] if isinstance(value["schema"], dict) else {}
        keys = schema.get("primaryKey") or []
        hidden = set(map(str, keys if isinstance(keys, list) else [keys]))
        rows = [{k: v for k, v in row.items() if k not in hidden} for row in data]
        return Records(rows)
    if value.get("type") == "FeatureCollection" and _is_array_of(value.get("features"), dict):
        return Records([_flatten_feature(feature) for feature in value["features"]], None)
    parts = list(value.values())
    if parts and all(isinstance(part, dict) for part in parts):
        has_arrays = next(_find_arrays(value, "", MAX_DEPTH), None) is not None
        return None if has_arrays else _read_nested(value)
    if parts and all(isinstance(part, list) for part in parts):
        lengths = {len(part) for part in parts}
        is_flat = not any(isinstance(cell, dict | list) for part in parts for cell in part)
        if len(lengths) == 1 and is_flat and lengths != {0}:
            return Records(list(map(list, zip(*parts, strict=True))), list(value))
    return None


def _make_name(column: str | list[Any] | dict[str, Any]) -> str:
    """Return the name of a column that is given as text, as levels, or as an object."""
    if isinstance(column, list):
        return "_".join(map(str, column))
    if isinstance(column, dict):
        return str(next((column[key] for key in ("name", "id", "title") if key in column), ""))
    return column


def _read_nested(value: dict[str, Any]) -> Records:
    """Return the rows of an object of objects: of columns, or of rows by their label."""
    keys = list(dict.fromkeys(key for part in value.values() for key in part))
    is_flat = not any(isinstance(cell, dict) for part in value.values() for cell in part.values())
    # pandas writes columns unless it is asked for rows. The labels of rows are mostly numbers, and
    # there are more rows than columns.
    if all(key.isdecimal() for key in keys):
        are_rows = False
    else:
        are_rows = all(key.isdecimal() for key in value) or len(value) > len(keys)
    if not is_flat or are_rows or not keys:
        return Records(list(value.values()))
    rows = [[part.get(key) for part in value.values()] for key in keys]
    return Records(rows, list(value))


def _flatten_feature(feature: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of a GeoJSON feature, and the coordinates if it is a point."""
    properties = feature.get("properties")
    row = dict(properties) if isinstance(properties, dict) else {}
    geometry = feature.get("geometry")
    if isinstance(geometry, dict) and geometry.get("type") == "Point":
        place = geometry.get("coordinates")
        if isinstance(place, list) and len(place) >= 2:
            row |= {"longitude": place[0], "latitude": place[1]}
    return row


def _find_arrays(value: Any, place: str, depth: int) -> Iterator[tuple[str, list[Any]]]:
    """Yield the arrays of records in an object, with their places."""
    if isinstance(value, list) and _is_array_of(value, (dict, list)):
        yield place, value
    elif isinstance(value, dict) and depth:
        for key, part in value.items():
            yield from _find_arrays(part, f"{place}.{key}" if place else key, depth - 1)


def _is_array_of(value: Any, kind: type | tuple[type, ...]) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, kind) for v in value)


class _Layout(NamedTuple):
    """The names of the columns (None: rows are arrays), their number, and what was seen."""

    names: Sequence[str] | None
    n_columns: int
    n_records: int
    is_all: bool


def _detect_layout(
    values: Iterator[Any], names: Sequence[str] | None, limits: Limits, name: str
) -> _Layout:
    found: dict[str, None] = {}
    n_cells = n_most = n_records = 0
    for value in islice(values, N_NAMING_RECORDS):
        if isinstance(value, BrokenValue):
            continue
        n_records += 1
        record = flatten(value)
        if isinstance(record, dict):
            found.update(dict.fromkeys(record))
        n_most = max(n_most, len(record))
        n_cells += len(record)
        is_enough = n_cells > N_NAMING_CELLS and n_records >= MIN_NAMING_RECORDS
        if is_enough or len(found) > limits.max_columns:
            break
    names = names or list(found) or None
    n_columns = len(names) if names else n_most
    if not n_columns:
        raise TableError(f"{name} is JSON without a record: there is no table in it")
    if n_columns > limits.max_columns:
        raise TableError(
            f"{name} has more than the {limits.max_columns:,} columns that max_columns allows"
        )
    # Later arrays have no names that could be missed.
    return _Layout(names, n_columns, n_records, not found or next(values, None) is None)


def _make_rows(values: Iterable[Any], layout: _Layout) -> Iterator[Sequence[str]]:
    names, n_columns = layout.names or (), layout.n_columns
    for value in values:
        if isinstance(value, BrokenValue):
            # A row of too many cells is dropped, and counted as malformed.
            yield ["no valid JSON"] * (n_columns + 1)
            continue
        record = flatten(value)
        if isinstance(record, dict):
            yield [write_cell(record.get(name)) for name in names]
        else:
            cells = [write_cell(cell) for cell in record]
            yield cells + [""] * (n_columns - len(cells))


def flatten(value: Any) -> dict[str, Any] | list[Any]:
    """Return a record with the members of objects in it as members, or an array.

    Examples
    --------
    >>> flatten({"place": {"lon": 1, "lat": 2}, "x": 3})
    {'place.lon': 1, 'place.lat': 2, 'x': 3}
    """
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        return [value]
    if not any(isinstance(part, dict) for part in value.values()):
        return value
    flat: dict[str, Any] = {}
    stack = [("", iter(value.items()))]
    while stack:
        prefix, items = stack[-1]
        key, part = next(items, (None, None))
        if key is None:
            stack.pop()
        elif isinstance(part, dict) and part and len(stack) <= MAX_DEPTH:
            stack.append((f"{prefix}{key}.", iter(part.items())))
        else:
            flat[prefix + key] = part
    return flat


def write_cell(value: Any) -> str:
    """Return a value as the text of a cell; null is empty, other than text is written as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return ""
