"""The table of clusters, whose rows highlight their cluster in the live figure."""

from collections.abc import Callable
from typing import Any

import numpy as np
import param
from panel.custom import JSComponent

from clusterer.export.selected_rows import call_cluster
from clusterer.preprocessing.logarithm import undo_logarithm
from clusterer.session.recording import RecordedState, Recording
from clusterer.support.text import format_number
from widgets.components.palette import CLUSTER_COLORS
from widgets.live.view_data import ViewData, project

HEADINGS = {
    "cluster": "Cluster",
    "points": "Points",
    "size": "Remembered",
    "share": "Share",
    "center": "Centre (x, y)",
    "spread": "Spread",
    "age": "Age",
    "idle": "Last seen",
}
HINTS = {
    "cluster": "The number of the cluster, which stays the same as long as the cluster exists",
    "points": "The number of points of the stream that its prototypes took, each counted once",
    "size": "The same number, but with a half-life older points count less",
    "share": "Its share of all points that the model remembers",
    "center": "Its centre on the two axes of the plot: in the units of a feature, or in standard "
    "deviations along a component; the tab Groups shows all features",
    "spread": "The root mean square distance of its points from its centre, in the model's units",
    "age": "The number of points since the cluster was first found",
    "idle": "The number of points since the cluster last received a point",
}

# All cells are set as text.
ESM = """
export function render({ model, el }) {
  const table = document.createElement('table')
  const head = table.createTHead().insertRow()
  const fields = Object.keys(model.headings)
  for (const field of fields) {
    const cell = document.createElement('th')
    cell.scope = 'col'
    cell.textContent = model.headings[field]
    cell.title = model.hints[field]
    head.append(cell)
  }
  const body = table.createTBody()
  const choose = (id) => { model.selected = model.selected === id ? 0 : id }
  const fill = () => {
    while (body.rows.length > model.rows.length) body.deleteRow(-1)
    while (body.rows.length < model.rows.length) {
      const row = body.insertRow()
      row.tabIndex = 0
      row.addEventListener('click', () => choose(Number(row.dataset.id)))
      row.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return
        event.preventDefault()
        event.stopPropagation()
        choose(Number(row.dataset.id))
      })
      for (const field of fields) row.insertCell()
    }
    model.rows.forEach((values, i) => {
      const row = body.rows[i]
      row.dataset.id = values.id
      row.setAttribute('aria-selected', String(values.id === model.selected))
      fields.forEach((field, j) => {
        if (row.cells[j].textContent !== values[field]) row.cells[j].textContent = values[field]
      })
      row.cells[0].style.setProperty('--color', values.color)
    })
  }
  fill()
  model.on('rows', fill)
  model.on('selected', fill)
  el.append(table)
}
"""
STYLE = """
:host { overflow: auto; }
table { border-collapse: collapse; width: 100%; font-size: .88rem;
  font-variant-numeric: tabular-nums; }
th { text-align: right; font-weight: 500; opacity: .72; padding: 6px 12px; white-space: nowrap; }
td { text-align: right; padding: 6px 12px; white-space: nowrap;
  border-top: 1px solid rgba(128, 128, 128, .28); }
th:first-child, td:first-child { text-align: left; }
td:first-child::before { content: ''; display: inline-block; width: .8em; height: .8em;
  border-radius: 50%; margin-right: .6em; background: var(--color); }
tbody tr { cursor: pointer; }
tbody tr:hover { background: rgba(128, 128, 128, .12); }
tbody tr[aria-selected=true] { background: rgba(128, 128, 128, .26); font-weight: 600; }
"""


class ClusterGrid(JSComponent):
    """A table whose rows the user selects by mouse or keyboard; a second time deselects the row."""

    headings = param.Dict(default=HEADINGS)
    hints = param.Dict(default=HINTS)
    rows = param.List(default=[])
    selected = param.Integer(default=0)

    _esm = ESM
    _stylesheets = [STYLE]


def measure_clusters(view_data: ViewData) -> list[dict[str, Any]]:
    """A row of text for each cluster of the state shown, the largest cluster first."""
    state = view_data.state
    if state is None:
        return []
    births = _find_births(view_data.recording, state)
    total = sum(state.sizes.values())
    taken = state.snapshot.points_taken
    centers = state.average(state.centers)
    rows = []
    for cluster, center in sorted(centers.items(), key=lambda item: -state.sizes[item[0]]):
        last = int(state.snapshot.last_seen[state.clusters == cluster].max())
        coordinates = project(center[None, :], view_data.view_request)
        places = [
            undo_logarithm(value, unit) if unit else value
            for value, unit in zip(coordinates, view_data.view_request.log_units, strict=True)
        ]
        rows.append(
            {
                "id": cluster,
                "color": CLUSTER_COLORS[state.palette[cluster] % len(CLUSTER_COLORS)],
                "cluster": call_cluster(cluster, view_data.names.get(cluster, "")),
                "points": f"{taken[state.clusters == cluster].sum():,.0f}",
                "size": f"{state.sizes[cluster]:,.0f}",
                "share": f"{state.sizes[cluster] / total:.1%}" if total else "–",
                "center": ", ".join(format_number(value[0]) for value in places[: len(center)]),
                "spread": format_number(measure_spread(state, cluster)),
                "age": f"{state.n_seen - births.get(cluster, state.n_seen):,}",
                "idle": f"{max(state.n_seen - 1 - last, 0):,}",
            }
        )
    return rows


def measure_spread(state: RecordedState, cluster: int) -> float:
    """Root mean square distance of a cluster's points from its centre, in the model's units."""
    kept, is_member = state.snapshot, state.clusters == cluster
    weights, centers = kept.weights[is_member], kept.centers[is_member]
    if not weights.any():
        return 0.0
    squares = ((centers - np.average(centers, axis=0, weights=weights)) ** 2).sum(axis=1)
    return float(np.sqrt((kept.scatters[is_member].sum() + weights @ squares) / weights.sum()))


def _find_births(recording: Recording, state: RecordedState) -> dict[int, int]:
    births: dict[int, int] = {}
    # A long recording drops old events; then the first state with the cluster gives its birth.
    for each in recording.states[: recording.find(state.n_seen) + 1]:
        for cluster in each.sizes:
            births.setdefault(cluster, each.n_seen)
    for event in recording.events:
        if event.kind in ("born", "split"):
            births[event.cluster] = event.n_seen
    return births


class ClusterTable:
    """Shows the table; ``on_choose`` gets the id of the selected cluster, 0 for no cluster."""

    title = "Clusters"

    def __init__(self, on_choose: Callable[[int], None]) -> None:
        self.pane = ClusterGrid(sizing_mode="stretch_width", max_height=320, margin=(4, 10))
        self.pane.param.watch(lambda event: on_choose(event.new), "selected")

    def measure(self, view_data: ViewData) -> list[dict[str, Any]]:
        """The rows of the table; runs in a worker thread."""
        return measure_clusters(view_data)

    def draw(self, rows: list[dict[str, Any]]) -> None:
        """Show the rows."""
        if rows != self.pane.rows:
            self.pane.rows = rows
