"""Tables, plot and report of the quality benchmark."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from benchmarks.quality.data_sets import BASELINES, DRIFT_BASELINES, list_sets

PACKAGES = ("numpy", "numba", "scipy", "scikit-learn", "pandas")


def format_table(table: pd.DataFrame, digits: int = 3) -> str:
    """Write a Markdown table with the index as its first column."""
    head = [str(table.index.name or ""), *(str(column) for column in table.columns)]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for label, row in table.iterrows():
        cells = ["–" if pd.isna(value) else f"{value:.{digits}f}" for value in row]
        lines.append("| " + " | ".join([str(label), *cells]) + " |")
    return "\n".join(lines)


def pivot(scores: pd.DataFrame, index: str, value: str = "ari") -> pd.DataFrame:
    """Return the means by ``index`` and method, with the methods in the order of the runs."""
    table = scores.pivot_table(index=index, columns="method", values=value, sort=False)
    return table[[name for name in scores["method"].unique() if name in table.columns]]


def tabulate_families(families: pd.DataFrame) -> pd.DataFrame:
    table = pivot(families, "family")
    table.loc["mean"] = table.mean()
    counts = families.groupby("method")["is_count_right"].mean()
    table.loc["share with the right number of clusters"] = counts
    table.loc["noise labelled as noise"] = families.groupby("method")["noise_recall"].mean()
    table.loc["cluster points labelled as noise"] = families.groupby("method")["false_noise"].mean()
    return table


def tabulate_kinds(sets: pd.DataFrame, half: str | None) -> pd.DataFrame:
    """Return the mean ARI by kind: ours, then the baselines on the same sets."""
    chosen = sets if half is None else sets[sets["half"] == half]
    baselines = list_sets().query("name in @chosen.name.unique()")
    columns = baselines.groupby("kind")[list(BASELINES)].mean().rename(columns=BASELINES)
    return pivot(chosen, "kind").join(columns).T.rename_axis("mean ARI")


def tabulate_counts(scores: pd.DataFrame, index: str) -> pd.DataFrame:
    """Return the mean of |number of clusters - number of classes|."""
    error = (scores["n_found"] - scores["n_true"]).abs()
    return pivot(scores.assign(error=error), index, "error").T.rename_axis("mean |Δk|")


def tabulate_drift(drift: pd.DataFrame) -> pd.DataFrame:
    baselines = list_sets().set_index("name")
    columns = (
        baselines[list(DRIFT_BASELINES)].rename(columns=DRIFT_BASELINES) if len(baselines) else None
    )
    table = pivot(drift, "name")
    table = table if columns is None else table.join(columns)
    for kind in drift["kind"].unique():
        names = drift.loc[drift["kind"] == kind, "name"].unique()
        table.loc[f"mean, {kind}"] = table.loc[names].mean()
    return table


def draw_plot(
    families: pd.DataFrame, sets: pd.DataFrame, sigmas: pd.DataFrame, path: Path
) -> Path | None:
    """Draw the ARI against K and against sigma; return None without Matplotlib."""
    try:
        import matplotlib
    except ImportError:
        return None
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "clusterer"
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.5), sharey=True)
    everything = pd.concat([families.assign(kind="generated"), sets])
    by_k = everything[everything["method"].str.startswith("K=")]
    sizes = by_k["method"].str.removeprefix("K=").astype(int)
    for kind, rows in by_k.assign(size=sizes).groupby("kind", sort=False):
        left.plot(rows.groupby("size")["ari"].mean(), marker="o", label=kind)
    for kind, rows in sigmas.groupby("kind", sort=False):
        right.plot(rows.groupby("factor")["ari"].mean(), marker="o", label=kind)
    left.set(xscale="log", xlabel="prototypes K", ylabel="mean ARI", ylim=(0, 1.02))
    right.set(xscale="log", xlabel="σ in roots of the trace of the covariance (K = 50)")
    left.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    return path


def write_report(
    path: Path,
    seeds: range,
    families: pd.DataFrame,
    sets: pd.DataFrame,
    drift: pd.DataFrame,
    other_units: pd.DataFrame,
    sigmas: pd.DataFrame,
    plot: Path | None,
) -> str:
    """Write the report; return its text."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    parts = [
        "# Quality",
        "Made by `python -m benchmarks.quality`. ARI excludes true noise; points labelled as noise "
        "count as one cluster. Every set is learned once, in file order, with default parameters "
        "unless a column names others.",
        f"Python {platform.python_version()}, {versions}.",
        f"## Generated families, seeds {seeds[0]} to {seeds[-1]}, mean ARI",
        format_table(tabulate_families(families)),
        format_table(tabulate_counts(families.assign(kind="generated"), "kind"), 2),
    ]
    if len(sets):
        for title, half in (
            ("all", None),
            ("the half on which constants were tuned", "tuned"),
            ("the half on which no constant was tuned", "untouched"),
        ):
            parts += [f"## Shared sets, {title}", format_table(tabulate_kinds(sets, half))]
        parts += ["## Number of clusters", format_table(tabulate_counts(sets, "kind"), 2)]
        parts += ["## Each set", format_table(pivot(sets, "name"))]
    parts += [
        "## Drifting streams, ARI by windows, K = 50, by half-life",
        format_table(tabulate_drift(drift)),
    ]
    cases = other_units.groupby("case", sort=False)[["ari"]].mean()
    parts += ["## Other K and units: five blobs, K as multiple of k", format_table(cases)]
    factors = sigmas.pivot_table(index="kind", columns="factor", values="ari", sort=False)
    parts += ["## σ in roots of the trace of the covariance, K = 50", format_table(factors)]
    if plot:
        parts += [f"![Mean ARI against K and against sigma]({plot.name})"]
    text = "\n\n".join(parts) + "\n"
    path.write_text(text, encoding="utf-8")
    return text
