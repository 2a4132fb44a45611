"""Online agglomerative clustering of streams, in one pass and bounded memory."""

from pathlib import Path

from clusterer.support.failed_start import end_command
from clusterer.support.numba_cache import delete_stale_cache

# Before anything compiled is loaded.
delete_stale_cache(Path(__file__).parent)

try:
    from clusterer.base import Snapshot
    from clusterer.cluster.estimator import OnlineClusterer
    from clusterer.model_file import load
    from clusterer.support.array_archive import ModelFileError
except (ImportError, MemoryError, OSError) as error:
    end_command(error)
    raise

__version__ = "0.1.0"
__all__ = ["ModelFileError", "OnlineClusterer", "Snapshot", "load"]
