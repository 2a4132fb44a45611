"""What is logged: lines of JSON with ids of faults, and nothing that users have brought."""

import io
import json
import logging

import pytest

from clusterer import OnlineClusterer
from clusterer.session.engine import Engine
from clusterer.stream import ArraySource
from clusterer.support import errors
from clusterer.support.logs import start_log

CANARY = "canary-column-91"


@pytest.fixture
def log():
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    start_log(stream=stream)
    yield stream
    root.handlers[:], root.level = before


def read(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_fault_is_told_with_the_id_it_is_logged_under(log):
    def chunks():
        yield [[0.0]] * 50
        raise KeyError(CANARY)

    engine = Engine(ArraySource(chunks), OnlineClusterer())
    engine.step(100)
    message = engine.wait_for_frame().message
    engine.close()
    fault = next(line for line in read(log) if "fault" in line)
    assert f"(error {fault['fault']})" in message
    assert fault["error"] == "KeyError"
    assert any("chunks" in place for place in fault["places"])
    assert CANARY not in log.getvalue()
    assert errors.counts["KeyError"] >= 1


def test_what_is_foreseen_is_no_fault(log):
    engine = Engine(ArraySource(iter([[[0.0]] * 9, [[float("nan")]]])), OnlineClusterer())
    engine.step(100)
    message = engine.wait_for_frame().message
    engine.close()
    assert "allowed: finite numbers" in message
    assert not [line for line in read(log) if "fault" in line]


def test_of_other_libraries_only_templates_and_numbers_are_logged(log):
    elsewhere = logging.getLogger("bokeh.somewhere")
    elsewhere.error("error handling message %r: %d", {"name": CANARY}, 7)
    elsewhere.error(f"put together with {CANARY}")
    try:
        raise ValueError(CANARY)
    except ValueError:
        elsewhere.exception("failed: %s", CANARY)
    lines = read(log)
    assert lines[0]["event"] == "error handling message …: 7"
    assert lines[1]["event"].startswith("test_logs.py:")
    assert lines[2]["error"] == "ValueError"
    assert CANARY not in log.getvalue()
