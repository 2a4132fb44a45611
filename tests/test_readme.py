"""The Python code of the README runs as it is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clusterer.cluster.prototypes.parameters import MAX_PROTOTYPES
from clusterer.tables.limits import (
    MAX_BYTES,
    MAX_COLUMNS,
    MAX_LINE_BYTES,
    MAX_RATIO,
    READ_BUDGET,
)
from widgets.components.upload import read_most_bytes
from widgets.server.options import ServerOptions

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"

BLOCK = re.compile(
    r"(?:<!--\s*not run:\s*(?P<reason>.*?)\s*-->\s*)?^```python\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def blocks() -> list:
    """Return every Python block, named by its first line."""
    text = README.read_text("utf-8") if README.exists() else ""
    found = []
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("code"))
        marks = pytest.mark.skip(reason=match["reason"]) if match["reason"] else ()
        # With the blank lines a traceback shows the line of the README.
        found.append(pytest.param("\n" * line + match["code"], id=f"line{line + 1}", marks=marks))
    return found


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md"])
def test_is_there(name: str) -> None:
    assert (ROOT / name).read_text("utf-8").strip()


@pytest.mark.parametrize("code", blocks())
def test_block_runs(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(code, str(README), "exec"), {"__name__": "readme"})


def test_the_limits_are_those_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAX_UPLOAD_MB", raising=False)
    text = " ".join(README.read_text("utf-8").split())
    options = ServerOptions()
    for words in (
        f"upload has at most {read_most_bytes() / 2**30:g} GB",
        f"a table at most {MAX_BYTES / 2**30:g} GB",
        f"{MAX_COLUMNS:,} columns",
        f"lines of {MAX_LINE_BYTES / 2**20:g} MiB",
        f"{MAX_RATIO} times the packed size",
        f"at most {READ_BUDGET / 2**20:g} MB of memory",
        f"K is at most {MAX_PROTOTYPES:,}",
        f"accepts {options.most_sessions} pages",
        f"for {options.keep_days} days, {options.keep_mb / 1024:g} GiB in all",
    ):
        assert words in text, words
