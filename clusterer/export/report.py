"""A report of a run: one HTML file that says who the groups are, for people without the program.

The file loads nothing, runs no script, and prints as it is shown.
"""

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

import clusterer
from clusterer.evaluation.category_contrasts import CategoryCounter
from clusterer.evaluation.descriptions import (
    HOW_TO_READ,
    ClusterDescription,
    LabelledState,
    describe_state,
    measure_scales,
)
from clusterer.export.cluster_card import write_card
from clusterer.export.cluster_colors import get_color
from clusterer.export.python_script import write_script
from clusterer.export.report_figures import draw_boxes, draw_points
from clusterer.export.row_categories import count_run
from clusterer.session.run_export import RunExport
from clusterer.stream.chunk import NOISE
from clusterer.support.text import format_number, make_printable

N_CARDS = 50
MOST_COLUMNS = 100
"""Most features in the table of means."""

# Nothing may be loaded, whatever text stands in the table.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"

STYLE = """
main { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 60rem;
    margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.2; } h2 { font-size: 1.2rem; margin-top: 2rem; }
svg { max-width: 100%; height: auto; display: block; }
svg text { font: 12px system-ui, sans-serif; fill: #333; }
svg .scale { fill: #666; font-size: 11px; }
svg .number { font-weight: 700; font-size: 15px; text-anchor: middle; dominant-baseline: middle;
    fill: #000; stroke: #fff; stroke-width: 4px; paint-order: stroke; }
article { border: 1px solid #ccc; border-left: 6px solid; border-radius: 8px; margin: 1rem 0;
    padding: .6rem 1rem; break-inside: avoid; }
article h3 { margin: 0; font-size: 1.05rem; }
.words { font-weight: 600; margin: .2rem 0; } ul { margin: .2rem 0 .5rem; }
dl { display: flex; flex-wrap: wrap; gap: .1rem 1.2rem; margin: 0 0 .5rem; }
dt, dd { display: inline; margin: 0; } dt { color: #555; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .15rem .6rem; border-bottom: 1px solid #ddd; text-align: right; }
th:first-child, td:first-child { text-align: left; }
.scroll { overflow-x: auto; } pre { background: #f4f4f4; padding: .6rem; overflow-x: auto;
    font-size: .8rem; white-space: pre-wrap; }
.note { color: #555; font-size: .9rem; }
@media print { main { margin: 0; max-width: none; } details > pre { display: none; } }
"""


def write_report(
    run: RunExport,
    *,
    n_rows: Mapping[int, int] | None = None,
    how: str | None = None,
    categories: CategoryCounter | None = None,
) -> str:
    """Write the report of a run as HTML.

    Parameters
    ----------
    run : RunExport
        The run; its points are the rows on which the clusters are measured.
    n_rows : mapping of int to int, optional
        The number of rows of each cluster, -1 for noise, if all rows were counted; default the
        numbers of points that the prototypes took.
    how : str, optional
        How to repeat the result; default the script of the run.
    categories : CategoryCounter, optional
        The columns that are no features, counted by cluster; default those of the rows in the
        window, which are read once more from the table.

    Returns
    -------
    str
        The document. It needs no other file, and text of the table is escaped.

    Raises
    ------
    ValueError
        If nothing was learned.

    Examples
    --------
    >>> from clusterer import OnlineClusterer
    >>> from clusterer.datasets import make_generator
    >>> from clusterer.session.run import Run
    >>> run = Run(make_generator("blobs", seed=3), OnlineClusterer())
    >>> _ = run.advance(1_000)
    >>> report = write_report(run.export_run())
    >>> report.count("<article"), "<script" in report
    (5, False)
    """
    if not run.snapshot.n_seen:
        raise ValueError("There is nothing to report yet: no point was learned.")
    labels = run.label_points()
    if categories is None:
        categories = count_run(run, labels)
    described = _describe(run, labels, n_rows, categories)
    colors = _choose_colors(run, described)
    title = f"Groups in {make_printable(run.source.name, 100)}"
    shown = described[:N_CARDS]
    scales = measure_scales(described)
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        _write_summary(run, described, n_rows),
        _draw_overview(run, labels, described, colors),
        "<h2>Who the groups are</h2>",
        *(_write_card(run, each, draw_boxes(each, scales, colors[each.cluster]), colors)
          for each in shown),
        _note_rest(len(described) - len(shown), "clusters"),
        "<h2>Means</h2>",
        _write_means(run, described),
        "<h2>How to read this</h2>",
        *(f'<p class="note">{html.escape(text)}</p>' for text in HOW_TO_READ),
        "<h2>Settings</h2>",
        _write_settings(run),
        "<h2>How to repeat this</h2>",
        _write_how(run, how),
    ]  # fmt: skip
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head>\n<body><main>"
        + "\n".join(parts)
        + "</main></body></html>\n"
    )


def _describe(
    run: RunExport,
    labels: np.ndarray,
    n_rows: Mapping[int, int] | None,
    categories: CategoryCounter | None,
) -> list[ClusterDescription]:
    state = LabelledState(
        run.snapshot,
        run.center_clusters,
        run.points,
        labels,
        run.scaling,
        run.source.feature_names,
    )
    described = describe_state(state, categories=categories)
    if n_rows is None:
        return described
    total = max(sum(n_rows.values()), 1)
    counted = [
        replace(
            each,
            n_points=float(n_rows.get(each.cluster, 0)),
            n_remembered=float(n_rows.get(each.cluster, 0)),
            share=n_rows.get(each.cluster, 0) / total,
        )
        for each in described
    ]
    return sorted(counted, key=lambda each: -each.n_points)


def _choose_colors(run: RunExport, described: Sequence[ClusterDescription]) -> dict[int, str]:
    """The colour of each cluster: that of the page, or by size."""
    numbers = {each.cluster: i for i, each in enumerate(described)} | run.cluster_colors
    return {NOISE: get_color(-1)} | {i: get_color(number) for i, number in numbers.items()}


def _call(run: RunExport, cluster: int) -> str:
    name = run.cluster_names.get(cluster, "")
    return f"cluster {cluster}: {name}" if name else f"cluster {cluster}"


def _write_summary(
    run: RunExport, described: Sequence[ClusterDescription], n_rows: Mapping[int, int] | None
) -> str:
    share = sum(each.share for each in described)
    noise = max(1.0 - share, 0.0)
    n_points = sum(n_rows.values()) if n_rows is not None else run.snapshot.n_seen
    found = f"{len(described)} clusters" if len(described) != 1 else "one cluster, so no groups"
    words = "rows were labelled" if n_rows is not None else "points were learned"
    date = datetime.now().astimezone().strftime("%d %B %Y, %H:%M")
    apart = "no point is" if noise < 0.0005 else f"{noise:.1%} of the points are"
    return (
        f"<p>{n_points:,} {words}. The model found {found}; {apart} noise, apart from all "
        "clusters.</p>"
        f'<p class="note">{date}, clusterer {clusterer.__version__}</p>'
    )


def _draw_overview(
    run: RunExport,
    labels: np.ndarray,
    described: Sequence[ClusterDescription],
    colors: Mapping[int, str],
) -> str:
    """Draw the points over the two features that set the clusters apart most."""
    points, names = run.points, run.source.feature_names
    if not len(points) or not described:
        return ""
    effects = dict.fromkeys(names, 0.0)
    for each in described:
        for feature in each.features:
            effects[feature.name] += feature.effect * each.share
    order = sorted(range(len(names)), key=lambda i: -effects[names[i]])[:2]
    chosen = (order * 2)[:2]
    shown = points[:, chosen]
    centers = {
        str(each.cluster): tuple(np.median(shown[labels == each.cluster], axis=0).tolist())
        for each in described[:N_CARDS]
        if (labels == each.cluster).any()
    }
    point_colors = [colors.get(int(label), get_color(-1)) for label in labels]
    log_units = run.scaling.treatment.log_units
    across, upwards = chosen
    picture = draw_points(
        shown,
        point_colors,
        centers,
        (names[across], names[upwards]),
        (log_units[across], log_units[upwards]),
    )
    return (
        f'{picture}<p class="note">{len(points):,} points, grey: noise. The axes are the features '
        "that set the clusters apart most.</p>"
    )


def _write_card(
    run: RunExport, each: ClusterDescription, boxes: str, colors: Mapping[int, str]
) -> str:
    nearest = "" if each.nearest is None else _call(run, each.nearest)
    is_forgetting = each.n_points - each.n_remembered > 1.5
    text = write_card(each, nearest, is_forgetting=is_forgetting)
    # Not `capitalize`, which would change the letters of a person's name for the cluster.
    heading = _call(run, each.cluster).replace("cluster", "Cluster", 1)
    return (
        f'<article style="border-left-color: {colors[each.cluster]}">'
        f"<h3>{html.escape(heading)}</h3>"
        f"{text}{boxes}</article>"
    )


def _write_means(run: RunExport, described: Sequence[ClusterDescription]) -> str:
    names = run.source.feature_names[:MOST_COLUMNS]
    rows = []
    for each in described:
        features = {feature.name: feature for feature in each.features}
        means = [features[name].format(features[name].mean) for name in names]
        rows.append([_call(run, each.cluster), f"{each.share:.1%}", *means])
    return _write_table(["", "share", *names], rows) + _note_rest(
        len(run.source.feature_names) - len(names), "features"
    )


def _write_settings(run: RunExport) -> str:
    snapshot = run.snapshot
    learned = {
        "prototypes": f"{len(snapshot.centers):,} of at most {snapshot.most_prototypes:,}",
        "σ in use": format_number(float(snapshot.sigma)),
        "half-life in use": "never forgets"
        if not np.isfinite(snapshot.half_life)
        else f"{snapshot.half_life:,.0f} points",
        "units": "standardised" if _is_scaled(run) else "those of the data",
        **run.scaling.treatment.explain(run.source.feature_names),
    }
    parameters = {name: str(value) for name, value in run.model.get_params().items()}
    rows = [[name, value] for name, value in (learned | parameters).items()]
    return _write_table(["", "value"], rows)


def _is_scaled(run: RunExport) -> bool:
    return not run.scaling.is_identity


def _write_how(run: RunExport, how: str | None) -> str:
    if how is None:
        try:
            how = write_script(run)
        except ValueError as error:
            return f'<p class="note">{html.escape(str(error))}</p>'
    return f"<details><summary>Show</summary><pre>{html.escape(how)}</pre></details>"


def _write_table(header: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(make_printable(text))}</th>" for text in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(make_printable(text))}</td>" for text in row) + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'


def _note_rest(n_more: int, what: str) -> str:
    return f'<p class="note">{n_more:,} more {what} are not shown.</p>' if n_more > 0 else ""
