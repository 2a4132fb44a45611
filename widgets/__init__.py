"""The dashboard and the widgets it is composed of."""

from .dashboard import Dashboard

__all__ = ["Dashboard"]
