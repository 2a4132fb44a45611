"""Churn: many sessions opened and closed, and what they leave behind."""

import asyncio
import time

from benchmarks.load.apps import MEMORY, read_metrics, settle
from benchmarks.load.visitors import Visitor

N_AT_ONCE = 4
COLLECTED_S = 65.0  # the server looks for garbage once a minute
COUNTED = ("threads", "engines", "callbacks", "tasks", "documents")


async def visit_many(url: str, n: int) -> None:
    """Visit and leave, some at once; ends when the server has forgotten them."""
    waiting = list(range(n))

    async def visit() -> None:
        while waiting:
            waiting.pop()
            visitor = Visitor(url)
            await visitor.open()
            await visitor.close()

    await asyncio.gather(*(visit() for _ in range(N_AT_ONCE)))
    await settle(url, 0)
    await asyncio.sleep(COLLECTED_S)


async def churn(url: str, n: int) -> list[tuple[str, str, str]]:
    """Open and close so many sessions; what stays of a tenth of them is the base."""
    await visit_many(url, max(n // 10, 1))
    before = await read_metrics(url)
    start = time.perf_counter()
    await visit_many(url, n)
    elapsed_s = time.perf_counter() - start
    after = await read_metrics(url)
    growth = after[MEMORY] / before[MEMORY] - 1
    mebibytes = " / ".join(f"{each[MEMORY] / 2**20:.0f}" for each in (before, after))
    rows = [
        (f"memory after {n} sessions more were opened and closed", f"{growth:+.1%}", "≤ +5 %"),
        ("memory before / after", f"{mebibytes} MiB", ""),
        ("that took", f"{elapsed_s / 60:.1f} min", ""),
    ]
    for name in COUNTED:
        counts = " / ".join(f"{each[f'clusterer_{name}']:.0f}" for each in (before, after))
        rows.append((f"{name} before / after", counts, "the same"))
    return rows
