"""Online agglomerative clustering of streams, in one pass and bounded memory."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clusterer.support.numba_cache import delete_stale_cache

if TYPE_CHECKING:
    from clusterer.base import Snapshot
    from clusterer.cluster.estimator import OnlineClusterer
    from clusterer.model_file import load
    from clusterer.support.array_archive import ModelFileError

# Before anything compiled is loaded.
delete_stale_cache(Path(__file__).parent)

__version__ = "0.1.0"
__all__ = ["ModelFileError", "OnlineClusterer", "Snapshot", "load"]
MODULES = {
    "ModelFileError": "clusterer.support.array_archive",
    "OnlineClusterer": "clusterer.cluster.estimator",
    "Snapshot": "clusterer.base",
    "load": "clusterer.model_file",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, since scikit-learn and Numba take seconds."""
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
