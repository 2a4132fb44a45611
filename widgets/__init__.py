"""The dashboard and the widgets it is composed of."""

from widgets.dashboard import Dashboard

__all__ = ["Dashboard"]
