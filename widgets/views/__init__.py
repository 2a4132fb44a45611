"""Views of the model and of its past: each is a function from data to a HoloViews element.

The functions serve notebooks as well: ``from widgets.views import dendrogram; dendrogram(model)``.
"""

from widgets.views.classify.regions import decision_regions
from widgets.views.comparison import comparison
from widgets.views.dendrogram import dendrogram
from widgets.views.drift import drift
from widgets.views.grid_sweep import grid_sweep
from widgets.views.groups.group_plot import group_plot
from widgets.views.history import history
from widgets.views.scatter_matrix import scatter_matrix
from widgets.views.stream_graph import stream_graph

__all__ = [
    "comparison",
    "decision_regions",
    "dendrogram",
    "drift",
    "grid_sweep",
    "group_plot",
    "history",
    "scatter_matrix",
    "stream_graph",
]
