"""Work in a thread that returns to its document afterwards."""

import asyncio
from collections.abc import Callable
from typing import Any

from panel.io.state import set_curdoc, state


async def run_in_thread(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run a function in a thread and return its result once the document accepts changes.

    While the browser draws a page for the first time, Panel cannot send the changes that a task
    makes. If the function ends during that time, this coroutine waits until the browser is ready.
    """
    document = state.curdoc
    try:
        return await asyncio.to_thread(function, *args, **kwargs)
    finally:
        if document is not None and state._connected.get(document):
            is_drawn = asyncio.Event()
            with set_curdoc(document):
                state.onload(is_drawn.set)
            # A user who leaves during the first drawing never sends the "ready" message.
            document.on_session_destroyed(lambda _: is_drawn.set())
            await is_drawn.wait()
