"""The report that a printed page shows, without a browser."""

import pytest

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.session.engine import Engine
from tests.support.threads import run_in_new_loop
from widgets.page import printing
from widgets.page.printing import Printing


@pytest.fixture
def engine():
    engine = Engine(make_generator("blobs"), OnlineClusterer())
    yield engine
    engine.close()


def test_the_report_is_that_of_the_present_run(engine):
    page = Printing(engine)
    assert "There is nothing to report yet" in run_in_new_loop(page.write())
    engine.step(500)
    report = run_in_new_loop(page.write())
    assert "500 points were learned" in report
    assert "<script" not in report


def test_only_the_key_of_an_open_page_finds_it(engine):
    page, other = Printing(engine), Printing(engine)
    assert Printing.find(page.key) is page
    assert Printing.find(other.key) is other
    assert Printing.find("") is None
    key = page.key
    del page
    assert Printing.find(key) is None


def test_a_run_that_does_not_answer_and_a_closed_one_are_told(engine, monkeypatch):
    monkeypatch.setattr(printing, "TIMEOUT_S", 0.0)
    with pytest.raises(TimeoutError):
        run_in_new_loop(Printing(engine).write())
    monkeypatch.setattr(printing, "TIMEOUT_S", 60.0)
    engine.close()
    with pytest.raises(RuntimeError):
        run_in_new_loop(Printing(engine).write())
