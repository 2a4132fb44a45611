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


def test_records_that_repeat_are_counted(log, monkeypatch):
    now = 1000.0
    monkeypatch.setattr("clusterer.support.logs.time.monotonic", lambda: now)
    ours, library = logging.getLogger("clusterer.somewhere"), logging.getLogger("tornado.access")

    def attack(n):
        for number in range(n):
            ours.warning("connection %d refused", number)
            library.error("%s", SECRET, exc_info=OSError("no"))

    attack(5_000)
    ours.warning("another line of code")
    lines = read(log)
    assert sum(line["event"].endswith("refused") for line in lines) == 20
    assert sum("error" in line for line in lines) == 20
    assert lines[-1]["event"] == "another line of code"
    # The numbers are written when the minute is over.
    now += 61
    attack(1)
    events = [line["event"] for line in read(log)[len(lines) :]]
    assert events[:2] == [
        "4980 more records like the last one were left out: connection 4999 refused",
        "4980 more records like the last one were left out: …",
    ]
    assert len(events) == 4
    # Each unexpected error has an id that a page shows.
    n_before = len(read(log))
    for number in range(100):
        ours.error("unexpected error", extra={"error_id": str(number)})
    assert len(read(log)) == n_before + 100
    attack(30)
    logging.getLogger().handlers[0].close()
    assert sum("11 more records" in line["event"] for line in read(log)) == 2
    assert SECRET not in log.getvalue()


def test_lines_of_many_kinds_need_bounded_memory(log):
    handler = logging.getLogger().handlers[0]
    for number in range(3_000):
        record = logging.LogRecord("clusterer.a", 30, "a.py", number, "a", None, None)
        handler.handle(record)
    assert len(handler._repetitions) <= 1_000
    assert len(read(log)) == 3_000
