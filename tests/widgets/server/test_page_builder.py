"""The garbage of pages that have ended is looked for soon where it is much, and later else."""

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
    """With a rest of a moment; and no pages of other tests count."""
    monkeypatch.setattr(page_builder, "COLLECT_PERIOD_S", 0.2)
    monkeypatch.setattr(page_builder, "MAX_COLLECT_PERIOD_S", 0.2)
    monkeypatch.setattr(page_builder, "documents", type(page_builder.documents)())
    return PageBuilder(lambda document: None)


async def open_page(builder: PageBuilder) -> SimpleNamespace:
    document = Document()
    document.knot = document  # a circle, as the widgets of a page make many
    page = SimpleNamespace(_document=document)
    await builder.on_session_created(page)
    return page


async def end(builder: PageBuilder, pages: list[SimpleNamespace]) -> None:
    while pages:
        await builder.on_session_destroyed(pages.pop())


def test_of_many_that_end_none_is_left_for_later(builder):
    async def visit() -> int:
        await end(builder, [await open_page(builder) for _ in range(MAX_CLOSED + 3)])
        return len(page_builder.documents)

    # The last page is still at hand while it ends.
    assert run_in_new_loop(visit()) <= 4


def test_few_are_left_for_later_and_then_gone(builder):
    async def visit() -> list[int]:
        await end(builder, [await open_page(builder) for _ in range(3)])
        counts = [len(page_builder.documents)]
        await asyncio.sleep(1.0)
        return [*counts, len(page_builder.documents)]

    assert run_in_new_loop(visit()) == [3, 0]


def test_few_beside_many_open_pages_are_left(builder):
    async def visit() -> list[int]:
        opened = [await open_page(builder) for _ in range(12)]
        await end(builder, opened[:1])
        opened[0] = None
        await asyncio.sleep(1.0)
        counts = [len(page_builder.documents)]
        await end(builder, [opened.pop()])
        await asyncio.sleep(1.0)
        return [*counts, len(page_builder.documents)]

    assert run_in_new_loop(visit()) == [12, 10]


def test_what_is_held_for_a_while_is_gone_the_next_time(builder):
    async def visit() -> list[int]:
        page = await open_page(builder)
        held = page._document
        await end(builder, [page])
        del page
        await asyncio.sleep(0.3)
        counts = [len(page_builder.documents)]
        del held
        await asyncio.sleep(0.6)
        return [*counts, len(page_builder.documents)]

    assert run_in_new_loop(visit()) == [1, 0]


def test_a_callback_that_fails_keeps_no_page(builder):
    async def visit() -> int:
        page = await open_page(builder)
        page._document.on_session_destroyed(lambda context: 1 / 0)
        await end(builder, [page])
        del page
        await asyncio.sleep(1.0)
        return len(page_builder.documents)

    assert run_in_new_loop(visit()) == 0
