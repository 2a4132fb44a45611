"""Example tables that come with the package; SOURCES.md tells where they are from."""

from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent


class Example(NamedTuple):
    """A table to begin with: its title, where it lies, what it is and who made it.

    ``features`` are the columns to begin with; none stands for all that make sense.

    >>> EXAMPLES[0].path.exists()
    True
    """

    title: str
    path: Path
    description: str
    features: tuple[str, ...] = ()


EXAMPLES = (
    Example(
        "Network traffic",
        FOLDER / "network-traffic.csv.gz",
        "Connections to a network, a drifting stream: attacks come in waves. KDD Cup 1999, "
        "Stolfo et al., UCI, CC BY 4.0.",
        (
            "count",
            "srv_count",
            "serror_rate",
            "rerror_rate",
            "same_srv_rate",
            "dst_host_count",
            "dst_host_srv_count",
            "dst_host_same_srv_rate",
            "dst_host_same_src_port_rate",
            "logged_in",
        ),
    ),
    Example(
        "Space shuttle",
        FOLDER / "space-shuttle.csv.gz",
        "Nine sensors of NASA's space shuttle; class 1 are anomalies. From River, BSD-3-Clause.",
    ),
    Example(
        "Iris flowers",
        FOLDER / "iris.csv",
        "150 flowers of three species, sorted by species. Fisher, 1936; from scikit-learn, "
        "BSD-3-Clause.",
    ),
)
