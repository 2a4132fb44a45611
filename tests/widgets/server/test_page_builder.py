"""The page builder collects the garbage of closed pages: at once if much, later if little."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from bokeh.document import Document

from tests.support.threads import run_in_new_loop
from widgets.server import page_builder
from widgets.server.page_builder import MAX_CLOSED, PageBuilder


@pytest.fixture
def builder(monkeypatch):
    """A builder that collects after 0.2 s and counts no pages of other tests."""
    monkeypatch.setattr(page_builder, "COLLECT_PERIOD_S", 0.2)
    monkeypatch.setattr(page_builder, "MAX_COLLECT_PERIOD_S", 0.2)
    monkeypatch.setattr(page_builder, "documents", type(page_builder.documents)())
    return PageBuilder(lambda document: None)


async def open_page(builder: PageBuilder) -> SimpleNamespace:
    document = Document()
    document.cycle = document  # a reference cycle, as in the widgets of a page
    page = SimpleNamespace(_document=document)
    await builder.on_session_created(page)
    return page


async def close(builder: PageBuilder, pages: list[SimpleNamespace]) -> None:
    while pages:
        await builder.on_session_destroyed(pages.pop())


def test_many_closed_pages_are_collected_at_once(builder):
    async def visit() -> int:
        await close(builder, [await open_page(builder) for _ in range(MAX_CLOSED + 3)])
        return len(page_builder.documents)

    # The last page is still referenced while it closes.
    assert run_in_new_loop(visit()) <= 4


def test_few_closed_pages_are_collected_later(builder):
    async def visit() -> list[int]:
        await close(builder, [await open_page(builder) for _ in range(3)])
        counts = [len(page_builder.documents)]
        await asyncio.sleep(1.0)
        return [*counts, len(page_builder.documents)]

    assert run_in_new_loop(visit()) == [3, 0]


def test_few_closed_pages_beside_many_open_pages_are_not_collected(builder):
    async def visit() -> list[int]:
        opened = [await open_page(builder) for _ in range(12)]
        await close(builder, opened[:1])
        opened[0] = None
        await asyncio.sleep(1.0)
        counts = [len(page_builder.documents)]
        await close(builder, [opened.pop()])
        await asyncio.sleep(1.0)
        return [*counts, len(page_builder.documents)]

    assert run_in_new_loop(visit()) == [12, 10]


def test_a_page_referenced_for_a_while_is_collected_the_next_time(builder):
    async def visit() -> list[int]:
        page = await open_page(builder)
        held = page._document
        await close(builder, [page])
        del page
        await asyncio.sleep(0.3)
        counts = [len(page_builder.documents)]
        del held
        await asyncio.sleep(0.6)
        return [*counts, len(page_builder.documents)]

    assert run_in_new_loop(visit()) == [1, 0]


def test_a_failing_callback_keeps_no_page(builder):
    async def visit() -> int:
        page = await open_page(builder)
        page._document.on_session_destroyed(lambda context: 1 / 0)
        await close(builder, [page])
        del page
        await asyncio.sleep(1.0)
        return len(page_builder.documents)

    assert run_in_new_loop(visit()) == 0
