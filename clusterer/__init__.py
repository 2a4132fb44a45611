"""Online agglomerative clustering of streams, in one pass and bounded memory."""

from .archives import ModelFileError
from .estimator import OnlineClusterer
from .persistence import load
from .snapshots import Snapshot

__version__ = "0.1.0"
__all__ = ["ModelFileError", "OnlineClusterer", "Snapshot", "load"]
