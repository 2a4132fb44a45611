"""Logs: lines of JSON with the ids of unexpected errors, and no data of the users."""

import io
import json
import logging

import pytest

from clusterer import OnlineClusterer
from clusterer.session.engine import Engine
from clusterer.stream import ArraySource
from clusterer.support import errors
from clusterer.support.logs import start_log

SECRET = "secret-column-91"


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


def test_message_and_log_share_the_id_of_an_unexpected_error(log):
    def chunks():
        yield [[0.0]] * 50
        raise KeyError(SECRET)

    engine = Engine(ArraySource(chunks), OnlineClusterer())
    engine.step(100)
    message = engine.wait_for_frame().message
    engine.close()
    entry = next(line for line in read(log) if "error_id" in line)
    assert f"(error {entry['error_id']})" in message
    assert entry["error"] == "KeyError"
    assert any("chunks" in place for place in entry["places"])
    assert SECRET not in log.getvalue()
    assert errors.error_counts["KeyError"] >= 1


def test_expected_errors_get_no_id(log):
    engine = Engine(ArraySource(iter([[[0.0]] * 9, [[float("nan")]]])), OnlineClusterer())
    engine.step(100)
    message = engine.wait_for_frame().message
    engine.close()
    assert "allowed: finite numbers" in message
    assert not [line for line in read(log) if "error_id" in line]


def test_other_libraries_log_only_templates_and_numbers(log):
    library = logging.getLogger("bokeh.somewhere")
    library.error("error handling message %r: %d", {"name": SECRET}, 7)
    library.error(f"formatted before with {SECRET}")
    try:
        raise ValueError(SECRET)
    except ValueError:
        library.exception("failed: %s", SECRET)
    lines = read(log)
    assert lines[0]["event"] == "error handling message …: 7"
    assert lines[1]["event"].startswith("test_logs.py:")
    assert lines[2]["error"] == "ValueError"
    assert SECRET not in log.getvalue()
