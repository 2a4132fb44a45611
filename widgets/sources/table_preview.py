"""A preview of a table: its columns and its first rows as text."""

import html
from collections.abc import Callable, Iterable, Sequence

import panel_material_ui as pmui

from clusterer.support.lazy_property import lazy_property
from clusterer.support.text import make_printable
from clusterer.tables import Column, ReadingOptions, Table
from widgets.components.text import Html, escape_lines
from widgets.sources.reading_controls import ReadingControls

MAX_ROWS = 12
MAX_COLUMNS = 60
MAX_CHARACTERS = 40

STYLE = """
:host { display: block; width: 100%; }
p { font-size: .86rem; line-height: 1.45; overflow-wrap: anywhere; }
.frame { overflow: auto; max-height: 38vh; border: 1px solid rgba(128, 128, 128, .28);
    border-radius: 8px; }
table { border-collapse: collapse; font-size: .82rem; width: 100%; }
th, td { padding: 4px 12px; text-align: left; white-space: nowrap; }
th { position: sticky; top: 0; background: var(--mui-palette-background-paper, Canvas); }
tr + tr td { border-top: 1px solid rgba(128, 128, 128, .15); }
.number { text-align: right; font-variant-numeric: tabular-nums; }
"""


class TablePreview:
    """A button, and the dialog that it opens; the content is made when the dialog opens.

    Parameters
    ----------
    on_change : callable
        Is called with `ReadingOptions` when the user changes how the table is read.
    """

    def __init__(self, on_change: Callable[[ReadingOptions], object]) -> None:
        self._table: Table | None = None
        self._on_change = on_change
        # One pane for all: the browser does not show or hide single panes in a closed dialog.
        self._content = Html("", stylesheets=[STYLE], sizing_mode="stretch_width", margin=0)
        self.dialog = pmui.Dialog(
            self._content,
            title="Table preview",
            title_variant="h6",
            width_option="lg",
            close_on_click=True,
            show_close_button=True,
        )
        self.button = pmui.Button(
            label="Preview the table",
            icon="table_view",
            variant="text",
            size="small",
            on_click=self._open,
        )
        self.view = pmui.Column(self.button, self.dialog, visible=False)

    def show(self, table: Table) -> None:
        """Offer a preview of another table; an open dialog shows it at once."""
        self._table = table
        self.view.visible = True
        if self.dialog.open:
            self._write(table)

    def show_error(self, message: str) -> None:
        """Show in an open dialog that the table cannot be read with the choices."""
        if self.dialog.open:
            self._content.object = f'<p role="alert">{html.escape(message)}</p>'

    @lazy_property
    def controls(self) -> ReadingControls:
        """The controls above the preview; they are made when the dialog opens first."""
        return ReadingControls(self._on_change)

    def _open(self, _: object) -> None:
        if self._table is not None:
            self.dialog.objects = [self.controls.view, self._content]
            self._write(self._table)
            self.dialog.open = True

    def _write(self, table: Table) -> None:
        self.controls.show(dict(table.choices), table.columns, table.sheets)
        names, rows = table.preview(MAX_ROWS)
        n_more = len(names) - MAX_COLUMNS
        more = f"; the first {MAX_COLUMNS} are shown" if n_more > 0 else ""
        title = f"{make_printable(table.name)}: {len(names):,} columns{more}"
        self._content.object = "".join(
            (
                f"<p>{html.escape(title)}</p>",
                describe_columns(table.columns[:MAX_COLUMNS]),
                "<p>The first rows, as in the file:</p>",
                write_table(names[:MAX_COLUMNS], [row[:MAX_COLUMNS] for row in rows]),
                f"<p>{escape_lines(table.report.notes)}</p>",
            )
        )


def describe_columns(columns: Iterable[Column]) -> str:
    """An HTML table with the kind, the range and the share of missing values of each column."""
    rows = [
        (
            column.name,
            column.kind,
            describe_range(column),
            f"{column.n_missing_share:.1%}" if column.n_missing_share else "–",
            column.note,
        )
        for column in columns
    ]
    return write_table(("column", "kind", "range", "missing", ""), rows, n_characters=120)


def describe_range(column: Column) -> str:
    """The lowest and the highest number of a column, or an example value."""
    if column.usable and column.minimum <= column.maximum:
        return f"{column.minimum:.6g} … {column.maximum:.6g}"
    return column.example


def write_table(
    names: Iterable[str], rows: Iterable[Sequence[str]], n_characters: int = MAX_CHARACTERS
) -> str:
    """An HTML table that shows all names and cells as text.

    >>> write_table(["<b>"], [["1"]]).count("&lt;b&gt;")
    1
    """

    def cell(tag: str, text: str) -> str:
        return f"<{tag}>{html.escape(make_printable(text, n_characters))}</{tag}>"

    head = "".join(cell("th", name) for name in names)
    body = "".join(f"<tr>{''.join(cell('td', text) for text in row)}</tr>" for row in rows)
    return (
        f'<div class="frame" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
