"""Example tables that come with the package; SOURCES.md names their sources and licences."""

from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent


class Example(NamedTuple):
    """An example table.

    Parameters
    ----------
    title : str
        The name that users see.
    path : Path
        The file.
    description : str
        What the rows are, who collected them, and the licence.
    features : tuple of str, default ()
        The columns to cluster by at first; () stands for the table's default features.

    Examples
    --------
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
        "Connections to a network as a drifting stream: attacks come in waves. KDD Cup 1999, "
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
        "Nine sensors of NASA's space shuttle; rows of class 1 are anomalies. From River, "
        "BSD-3-Clause.",
    ),
    Example(
        "Iris flowers",
        FOLDER / "iris.csv",
        "150 flowers of three species, sorted by species. Fisher, 1936; from scikit-learn, "
        "BSD-3-Clause.",
    ),
)
