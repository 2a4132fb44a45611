"""Online agglomerative clustering of streams, in one pass and bounded memory."""

from pathlib import Path

from clusterer.support.numba_cache import delete_stale_cache

# Before anything compiled is loaded.
delete_stale_cache(Path(__file__).parent)

from clusterer.base import Snapshot  # noqa: E402
from clusterer.cluster.estimator import OnlineClusterer  # noqa: E402
from clusterer.model_file import load  # noqa: E402
from clusterer.support.array_archive import ModelFileError  # noqa: E402

__version__ = "0.1.0"
__all__ = ["ModelFileError", "OnlineClusterer", "Snapshot", "load"]
