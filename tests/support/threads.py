"""Coroutines beside Playwright, which leaves an event loop running in the main thread."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Value = TypeVar("Value")


def run_in_new_loop(coroutine: Coroutine[Any, Any, Value]) -> Value:
    """Run a coroutine in an event loop of a new thread; return its result."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()
