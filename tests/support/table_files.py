"""Tables of the same three blobs in many dialects, for the tests of the reader."""

import numpy as np

from clusterer.tables import Column, Table

CENTRES = np.array([(0.0, 0.0), (10.0, 0.0), (5.0, 9.0)])
_rng = np.random.default_rng(1)
LABELS = _rng.integers(0, 3, 300)
POINTS = np.round(CENTRES[LABELS] + 0.6 * _rng.normal(size=(300, 2)), 4)


def text(row: str = "{x:.4f},{y:.4f},{label}", header: str = "x,y,label") -> str:
    rows = zip(POINTS.tolist(), LABELS.tolist(), strict=True)
    lines = [row.format(x=x, y=y, label=label, i=i) for i, ((x, y), label) in enumerate(rows)]
    return "\n".join([header, *lines]) + "\n"


PLAIN = text()
ROWS = PLAIN.split("\n", 1)[1]


def comma(plain: str) -> str:
    return plain.replace(",", ";").replace(".", ",")


def with_cells(value: str, step: int = 20) -> str:
    """Put `value` into the first cell of every 20th row from line 6 on: 15 of 300 rows."""
    lines = PLAIN.split("\n")
    for i in range(5, 300, step):
        lines[i] = ",".join([value, *lines[i].split(",")[1:]])
    return "\n".join(lines)


# Each table holds POINTS in the columns x and y, and LABELS in the column label.
SAME: dict[str, bytes] = {
    "plain": PLAIN.encode(),
    "tab": PLAIN.replace(",", "\t").encode(),
    "semicolon": PLAIN.replace(",", ";").encode(),
    "pipe": PLAIN.replace(",", "|").encode(),
    "caret": PLAIN.replace(",", "^").encode(),
    "colon": PLAIN.replace(",", ":").encode(),
    "section sign": PLAIN.replace(",", "§").encode(),
    "unit separator": PLAIN.replace(",", "\x1f").encode(),
    "one blank": PLAIN.replace(",", " ").encode(),
    "aligned": text("{x:>12.4f}  {y:>12.4f}\t {label}", "   x   y   label").encode(),
    "sep line": ("sep=;\n" + PLAIN.replace(",", ";")).encode(),
    "decimal comma, semicolon": comma(PLAIN).encode(),
    "decimal comma, tab": comma(PLAIN).replace(";", "\t").encode(),
    "decimal comma, blank": comma(PLAIN).replace(";", " ").encode(),
    "decimal comma, quoted": (
        '"x","y","label"\n'
        + "".join('"' + r.replace(";", '","') + '"\n' for r in comma(ROWS).split("\n")[:-1])
    ).encode(),
    "UTF-8 with a mark": PLAIN.encode("utf-8-sig"),
    "UTF-16 with a mark": PLAIN.encode("utf-16"),
    "UTF-16-LE": PLAIN.encode("utf-16-le"),
    "UTF-16-BE": PLAIN.encode("utf-16-be"),
    "UTF-32": PLAIN.encode("utf-32"),
    "Latin-1 in a row": text("{x:.4f},{y:.4f},{label},é", "x,y,label,t").encode("latin-1"),
    "CRLF": PLAIN.replace("\n", "\r\n").encode(),
    "CR": PLAIN.replace("\n", "\r").encode(),
    "mixed line ends": PLAIN.replace("\n", "\r\n", 100).encode(),
    "no last line end": PLAIN[:-1].encode(),
    "blank lines": (PLAIN.replace("\n", "\n\n") + " \n\n").encode(),
    "remarks": ("# made by hand\n#\n" + PLAIN.replace("\n", "\n# more\n", 7)).encode(),
    "remark as header": ("# x y label\n" + ROWS.replace(",", " ")).encode(),
    "titles": ("My report;;\n;;\n" + PLAIN.replace(",", ";")).encode(),
    "prose above": ("Report, of 2024\nfrom http://a.b/c\n\n" + PLAIN).encode(),
    "blanks around": text(" {x:.4f} ,\t{y:.4f} , {label} ", " x ,y  ,  label").encode(),
    "no-break spaces": text("{x:.4f}\u00a0,{y:.4f}\u202f,{label}").encode(),
    "plus signs": text("{x:+.4f},{y:+.4f},{label}").encode(),
    "true minus": PLAIN.replace("-", "−").encode(),
    "exponents": text("{x:.8E},{y:.8e},{label}").encode(),
    "quoted": text('"{x:.4f}", "{y:.4f}", "{label}"', '"x", "y", "label"').encode(),
    "single quotes": text("'{x:.4f}','{y:.4f}','{label}'", "'x','y','label'").encode(),
    "quoted line ends": text('{x:.4f},"a\nb ""c"", d",{y:.4f},{label}', "x,t,y,label").encode(),
    "quote in a cell": text('{x:.4f},{y:.4f},{label},5" pipe', "x,y,label,t").encode(),
    "delimiter at the end": text("{x:.4f},{y:.4f},{label},").encode(),
    "unnamed index": text("{i},{x:.4f},{y:.4f},{label}", ",x,y,label").encode(),
    "R's row names": text('"{i}",{x:.4f},{y:.4f},{label}', '"x","y","label"').encode(),
    "id": text("{i},{x:.4f},{y:.4f},{label}", "id,x,y,label").encode(),
    "empty column": text("{x:.4f},{y:.4f},,{label}", "x,y,e,label").encode(),
    "constant column": text("{x:.4f},5,{y:.4f},{label}", "x,c,y,label").encode(),
    "text column": text("{x:.4f},{y:.4f},<b>,{label}", "x,y,note,label").encode(),
    "broken lines": (PLAIN.replace("\n", "\n1,2\n", 9) + "1,2,3,4\n").encode(),
    "open quotes": PLAIN.replace("\n", '\n"1,2,3\n', 40).encode(),
    "open quote at the end": (PLAIN + '"1,2,3').encode(),
    "zero bytes": PLAIN.replace("\n", "\n1,\x002,1\n", 5).encode(),
    "units": PLAIN.replace("label\n", "label\n(m/s),(kg),-\n").encode(),
    "header again": PLAIN.replace("\n", "\nx,y,label\n", 3).encode(),
    "total": (PLAIN + "Total,,\n").encode(),
    "two marks": b"\xef\xbb\xbf" * 2 + PLAIN.encode(),
    "UTF-32-LE": PLAIN.encode("utf-32-le"),
    "UTF-32-BE": PLAIN.encode("utf-32-be"),
    "zero bytes around": bytes(512) + PLAIN.encode() + bytes(4096),
    "sep line that lies": ("sep=;\n" + PLAIN).encode(),
    "a long preface": ("# remark, more\n" * 1500 + PLAIN).encode(),
    "names of two words": text("{x:.4f}  {y:.4f} {label}", "x   y   label").encode(),
    "Fortran": text("{x:.8E},{y:.8E},{label}").replace("E+", "D+").replace("E-", "d-").encode(),
    "unseen marks": text("\u200e{x:.4f}\u200b,{y:.4f}\u200b,{label}").encode(),
    "mostly missing": PLAIN.replace("\n", ",\n")
    .replace("l,", "l,e")
    .replace(",\n", ",9\n", 9)
    .encode(),
    "codes": text("{i},8{i:03d}1,{x:.4f},{y:.4f},{label}", "phone,Post-Code,x,y,label").encode(),
    "long ids": text("9007199254740{i:03d},{x:.4f},{y:.4f},{label}", "tweet_id,x,y,label").encode(),
    "index with gaps": text("{i}{label},{x:.4f},{y:.4f},{label}", ",x,y,label").encode(),
    "IP": text("192.168.1{label}0.{i:03d},{x:.4f},{y:.4f},{label}", "IP,x,y,label").encode(),
    "ja and nein": text("{x:.4f},{y:.4f},{label},Ja", "x,y,label,f")
    .replace("1,Ja", "1,Nein")
    .encode(),
}
SAME_DATES = {
    "ISO": "2024-01-05",
    "ISO with time": "2024-01-05T12:00:00Z",
    "month": "1949-01",
    "German": "05.01.2024",
    "American": "1/5/2024 3:05 PM",
    "spelt": "5 Jan 2024",
    "clock": "10:05:00",
    "compact": "20240105",
    "compact with time": "20240105T120000Z",
    "mail": "Fri 05 Jan 2024 12:00:00 +0100",
    "C": "Fri Jan  5 12:00:00 2024",
    "web server": "05/Jan/2024:12:00:00 +0000",
    "SAS": "05JAN2024:12:00:00",
    "compact with hour": "2024010512",
}


def read(table: Table, features=None, label=None, size=64):
    chunks = list(table.chunks(features or table.default_features, size, label))
    for chunk in chunks:
        assert chunk.points.dtype == np.float64
        assert chunk.points.flags.c_contiguous
        assert np.isfinite(chunk.points).all()
        assert (chunk.classes is None) == (label is None)
    assert [len(chunk.points) for chunk in chunks[:-1]] == [size] * (len(chunks) - 1)
    points = np.concatenate([chunk.points for chunk in chunks])
    return points, np.concatenate([chunk.classes for chunk in chunks]) if label else None


def column(table: Table, name: str) -> Column:
    return next(column for column in table.columns if column.name == name)
