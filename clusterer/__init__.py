"""Online agglomerative clustering of streams, in one pass and bounded memory."""

from pathlib import Path

from .caches import drop_stale

# Before anything compiled is loaded.
drop_stale(Path(__file__).parent)

from .archives import ModelFileError  # noqa: E402
from .estimator import OnlineClusterer  # noqa: E402
from .persistence import load  # noqa: E402
from .snapshots import Snapshot  # noqa: E402

__version__ = "0.1.0"
__all__ = ["ModelFileError", "OnlineClusterer", "Snapshot", "load"]
