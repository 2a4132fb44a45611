"""The dashboard and its widgets."""

from widgets.dashboard import Dashboard

__all__ = ["Dashboard"]
