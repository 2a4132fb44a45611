"""The report on many files, composed of the measurements."""

from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np

from benchmarks.distributed.merges import Merges
from benchmarks.distributed.simulation import Plan, simulate
from benchmarks.speed.report import describe_machine

TRILLION = 10**12
WORKERS = (1, 10, 100, 1_000, 2_000, 5_000, 10_000)
POINTS_A_PARTITION = 10**7
TARGET = 1.7


@dataclass
class Found:
    """All measurements of one run; ``rounds`` by the number of workers."""

    n_points: int
    n_files: int = 0
    rounds: dict[int, list[Any]] = field(default_factory=dict)
    merges: list[Merges] = field(default_factory=list)
    task_s: float = 0.0


def write_report(found: Found) -> str:
    """Return the report as Markdown."""
    return "\n".join(
        [
            "# Many files",
            "",
            describe_machine(),
            "",
            *_describe_speed(found),
            *_describe_memory(found),
            *_describe_merges(found),
            *_describe_trillion(found),
        ]
    )


def _describe_speed(found: Found) -> list[str]:
    ratios = [one.wall_s / two.wall_s for one, two in zip(*found.rounds.values(), strict=True)]
    effort = [one.cpu_s / two.cpu_s for one, two in zip(*found.rounds.values(), strict=True)]
    lines = [
        "## Speed",
        "",
        f"{found.n_points:,} points of two features (float32) in {found.n_files} Parquet files, "
        "standardised, K = 20. Worker processes of one thread each have imported and compiled "
        "everything before the measurement. Rounds take turns.",
        "",
        "| processes | seconds | points / s | seconds of CPU | points / s of CPU | clusters |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for n_workers, rounds in found.rounds.items():
        wall_s, cpu_s = median(r.wall_s for r in rounds), median(r.cpu_s for r in rounds)
        lines.append(
            f"| {n_workers} | {wall_s:.1f} | {found.n_points / wall_s / 1e6:.2f} M | {cpu_s:.1f} "
            f"| {found.n_points / cpu_s / 1e6:.2f} M | {rounds[-1].n_clusters} |"
        )
    speedup = median(ratios)
    lines += [
        "",
        f"Speed-up of two processes by the clock: **{speedup:.2f}** ({min(ratios):.2f}–"
        f"{max(ratios):.2f}); target {TARGET}: {'met' if speedup >= TARGET else 'not met'}. By the "
        "CPU time, which excludes other processes of the machine: "
        f"{2 * median(effort):.2f}.",
        "",
    ]
    return lines


def _describe_memory(found: Found) -> list[str]:
    lines = [
        "## Memory of each worker over time",
        "",
        "Largest in each fourth of the last round, in MB.",
        "",
        "| processes | worker | 1st | 2nd | 3rd | 4th |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for n_workers, rounds in found.rounds.items():
        for worker, noted in enumerate(rounds[-1].memory_mb):
            quarters = [max(part, default=np.nan) for part in np.array_split(noted, 4)]
            values = " | ".join(f"{mb:.0f}" for mb in quarters)
            lines.append(f"| {n_workers} | {worker + 1} | {values} |")
    return [*lines, ""]


def _describe_merges(found: Found) -> list[str]:
    lines = [
        "## Merging",
        "",
        "The whole tree with eight children per node, in one process, CPU seconds. All parts of a "
        "node but one are transferred between workers.",
        "",
        "| partitions | K | levels | all merges | a part | a partition's model | transferred |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in found.merges:
        lines.append(
            f"| {one.n_partitions:,} | {one.n_prototypes} | {one.depth} | {one.total_s:.2f} s "
            f"| {one.part_s * 1e3:.2f} ms | {one.leaf_bytes / 1e3:.0f} kB "
            f"| {one.moved_bytes / 1e6:.1f} MB |"
        )
    return [*lines, "", f"Dask takes {found.task_s * 1e3:.2f} ms for an empty task.", ""]


def make_plan(found: Found, n_points: float, n_partitions: int, n_workers: int) -> Plan:
    """Apply the measured times to other numbers of points and workers."""
    merges = max((m for m in found.merges if m.n_prototypes == 20), key=lambda m: m.n_partitions)
    n_parts = merges.n_partitions - 1
    return Plan(
        n_points=n_points,
        n_partitions=n_partitions,
        n_workers=n_workers,
        point_s=median(r.cpu_s for r in found.rounds[1]) / found.n_points,
        task_s=found.task_s,
        part_s=merges.part_s,
        part_bytes=merges.moved_bytes / n_parts,
    )


def _describe_trillion(found: Found) -> list[str]:
    n_partitions = TRILLION // POINTS_A_PARTITION
    lines = [
        "## 10¹² points",
        "",
        f"{n_partitions:,} partitions of 10⁷ points, with the times measured above, 1 ms and "
        "1 GB/s between machines. The formula is in [README.md](../README.md). In the "
        "simulation every task passes one scheduler, partitions vary by a fifth, and merges go "
        "first.",
        "",
        "| workers | formula | simulation | workers busy | models transferred |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for n_workers in WORKERS:
        plan = make_plan(found, TRILLION, n_partitions, n_workers)
        simulated_s = simulate(plan)
        lines.append(
            f"| {n_workers:,} | {_format_time(plan.estimate_s)} | {_format_time(simulated_s)} "
            f"| {plan.work_s / simulated_s:.0%} | {plan.moved_bytes / 1e9:.2f} GB |"
        )
    plan = make_plan(found, TRILLION, n_partitions, 1_000)
    lines += [
        "",
        f"The tree has {plan.tree.root.level} levels; the way up takes "
        f"{plan.tree.root.level * plan.merge_s * 1e3:.0f} ms. {plan.n_tasks:,} tasks take the "
        f"scheduler {_format_time(plan.scheduling_s)}, so beyond {plan.n_most_workers:,.0f} "
        "workers all wait for the scheduler. Larger partitions raise that number in proportion.",
        "",
        "The same simulation of the measured runs:",
        "",
        "| processes | measured | simulated |",
        "| ---: | ---: | ---: |",
    ]
    for n_workers, rounds in found.rounds.items():
        plan = make_plan(found, found.n_points, found.n_files, n_workers)
        measured_s = median(r.wall_s for r in rounds)
        lines.append(f"| {n_workers} | {measured_s:.1f} s | {simulate(plan):.1f} s |")
    return [*lines, ""]


def _format_time(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"
