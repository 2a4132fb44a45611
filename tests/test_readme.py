"""The Python code of the README runs as it is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

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
