"""`python -m benchmarks.quality`: measure the quality, print the tables, write the report."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.quality.data_sets import DRIFT_KINDS, KINDS, list_sets, load_set
from benchmarks.quality.families import DRIFTS, FAMILIES
from benchmarks.quality.report import draw_plot, write_report
from benchmarks.quality.scores import PUBLISHED, score_fit, score_windows

PROTOTYPES = (10, 20, 50, 100, 200)
SIGMA_FACTORS = (0.1, 0.25, 0.5, 1.0, 2.0)
BLOB_RATIOS = (1.5, 2, 4, 10)
SCALES = (1e-6, 1.0, 1e6)
HALF_LIVES = {"automatic": "auto", "never": None, "300": 300.0, "1000": 1000.0}
FRESH_SEED = 6000
N_SEEDS = 5


def list_methods() -> dict[str, dict]:
    """Return the compared methods: a name, and the parameters of the estimator."""
    methods: dict[str, dict] = {"defaults": {}}
    methods |= {f"K={k}": {"n_prototypes": k} for k in PROTOTYPES}
    return methods | {"AddC as published, K=50": {"n_prototypes": 50} | PUBLISHED}


def measure_families(seeds: range) -> pd.DataFrame:
    rows = []
    for family, draw in FAMILIES.items():
        for seed in seeds:
            labelled = draw(seed)
            for method, settings in list_methods().items():
                found = score_fit(labelled, **settings)
                rows.append((family, seed, method, *found, found.is_count_right))
    return pd.DataFrame(rows, columns=["family", "seed", "method", *SCORES])


def measure_sets() -> pd.DataFrame:
    rows = []
    sets = list_sets()
    for name, kind, half in sets.loc[sets["kind"].isin(KINDS), ["name", "kind", "half"]].values:
        labelled = load_set(name)
        for method, settings in list_methods().items():
            found = score_fit(labelled, **settings)
            rows.append((name, kind, half, method, *found, found.is_count_right))
    return pd.DataFrame(rows, columns=["name", "kind", "half", "method", *SCORES])


def measure_drift(seeds: range) -> pd.DataFrame:
    """Measure the ARI by windows of drifting streams at K = 50, for several half-lives."""
    streams = [(name, "generated", draw(seed)) for name, draw in DRIFTS.items() for seed in seeds]
    sets = list_sets()
    for name, kind in sets.loc[sets["kind"].isin(DRIFT_KINDS), ["name", "kind"]].values:
        streams.append((name, kind, load_set(name)))
    rows = []
    for name, kind, labelled in streams:
        for method, half_life in HALF_LIVES.items():
            ari = score_windows(labelled, n_prototypes=50, half_life=half_life)
            rows.append((name, kind, method, ari))
    return pd.DataFrame(rows, columns=["name", "kind", "method", "ari"])


def measure_sigmas(seeds: range) -> pd.DataFrame:
    """Measure the ARI against sigma, in roots of the trace of the covariance, at K = 50."""
    rows = []
    sets = list_sets()
    chosen = sets.loc[sets["kind"].isin(KINDS[:3]) & (sets["rows"] <= 10_000)]
    cases = [(kind, load_set(name)) for name, kind in chosen[["name", "kind"]].values]
    cases += [("generated", draw(seeds[0])) for draw in FAMILIES.values()]
    for kind, labelled in cases:
        root = float(np.sqrt(labelled[0].var(axis=0).sum()))
        for factor in SIGMA_FACTORS:
            ari = score_fit(labelled, n_prototypes=50, sigma=factor * root).ari
            rows.append((kind, factor, ari))
    return pd.DataFrame(rows, columns=["kind", "factor", "ari"])


def measure_other_units(seeds: range) -> pd.DataFrame:
    """Measure five blobs with K from 1.5 to 10 times their number, and in other units."""
    rows = []
    for seed in seeds:
        points, classes = FAMILIES["blobs"](seed)
        for ratio in BLOB_RATIOS:
            found = score_fit((points, classes), n_prototypes=round(5 * ratio))
            rows.append((f"K = {ratio:g} k", seed, found.ari))
        for scale in SCALES:
            found = score_fit((points * scale, classes), n_prototypes=50)
            rows.append((f"times {scale:g}", seed, found.ari))
    return pd.DataFrame(rows, columns=["case", "seed", "ari"])


SCORES = ("ari", "n_found", "n_true", "noise_recall", "false_noise", "is_count_right")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=FRESH_SEED, help="first seed; %(default)s")
    parser.add_argument("--seeds", type=int, default=N_SEEDS, help="number of seeds; %(default)s")
    parser.add_argument("--report", type=Path, default=Path(__file__).with_name("quality.md"))
    given = parser.parse_args()
    seeds = range(given.seed, given.seed + given.seeds)
    families, sets, sigmas = measure_families(seeds), measure_sets(), measure_sigmas(seeds)
    plot = draw_plot(families, sets, sigmas, given.report.with_suffix(".svg"))
    drift, other_units = measure_drift(seeds), measure_other_units(seeds)
    print(write_report(given.report, seeds, families, sets, drift, other_units, sigmas, plot))


if __name__ == "__main__":
    main()
