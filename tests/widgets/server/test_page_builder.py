"""The garbage of pages that have ended is looked for soon where it is much, and later else."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from bokeh.document import Document

from tests.conftest import run_alone
from widgets.server import page_builder as building
from widgets.server.page_builder import MOST_GONE, PageBuilder


@pytest.fixture
def apart(monkeypatch):
    """With a rest of a moment; and no pages of other tests count."""
    monkeypatch.setattr(building, "COLLECT_S", 0.2)
    monkeypatch.setattr(building, "LATEST_COLLECT_S", 0.2)
    monkeypatch.setattr(building, "documents", type(building.documents)())
    return PageBuilder(lambda document: None)


async def open_page(apart: PageBuilder) -> SimpleNamespace:
    document = Document()
    document.knot = document  # a circle, as the widgets of a page make many
    page = SimpleNamespace(_document=document)
    await apart.on_session_created(page)
    return page


async def end(apart: PageBuilder, pages: list[SimpleNamespace]) -> None:
    while pages:
        await apart.on_session_destroyed(pages.pop())


def test_of_many_that_end_none_is_left_for_later(apart):
    async def visit() -> int:
        await end(apart, [await open_page(apart) for _ in range(MOST_GONE + 3)])
        return len(building.documents)

    # The last page is still at hand while it ends.
    assert run_alone(visit()) <= 4


def test_few_are_left_for_later_and_then_gone(apart):
    async def visit() -> list[int]:
        await end(apart, [await open_page(apart) for _ in range(3)])
        counts = [len(building.documents)]
        await asyncio.sleep(1.0)
        return [*counts, len(building.documents)]

    assert run_alone(visit()) == [3, 0]


def test_few_beside_many_open_pages_are_left(apart):
    async def visit() -> list[int]:
        opened = [await open_page(apart) for _ in range(12)]
        await end(apart, opened[:1])
        opened[0] = None
        await asyncio.sleep(1.0)
        counts = [len(building.documents)]
        await end(apart, [opened.pop()])
        await asyncio.sleep(1.0)
        return [*counts, len(building.documents)]

    assert run_alone(visit()) == [12, 10]


def test_what_is_held_for_a_while_is_gone_the_next_time(apart):
    async def visit() -> list[int]:
        page = await open_page(apart)
        held = page._document
        await end(apart, [page])
        del page
        await asyncio.sleep(0.3)
        counts = [len(building.documents)]
        del held
        await asyncio.sleep(0.6)
        return [*counts, len(building.documents)]

    assert run_alone(visit()) == [1, 0]


def test_a_callback_that_fails_keeps_no_page(apart):
    async def visit() -> int:
        page = await open_page(apart)
        page._document.on_session_destroyed(lambda context: 1 / 0)
        await end(apart, [page])
        del page
        await asyncio.sleep(1.0)
        return len(building.documents)

    assert run_alone(visit()) == 0
