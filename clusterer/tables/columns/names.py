"""Column names: trimmed, without control characters, none empty and none twice."""

from collections.abc import Sequence

from clusterer.support.text import CONTROL_CHARACTERS, join_names

MAX_CHARACTERS = 200
# Zero bytes pad some files; a byte order mark stands before each part of a concatenated file.
PADDING = "\0\ufeff"


def make_unique_names(raw: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Return the names of the columns, and notes about the changes.

    Examples
    --------
    >>> make_unique_names([" x ", "", "x"])
    (('x', 'col2', 'x_2'), ['1 column without a name: col2', '1 name used twice: now x_2'])
    """
    bare = [name.strip(PADDING) for name in raw]
    trimmed = [" ".join(name.split()) if "\n" in name else name.strip() for name in bare]
    shown = [CONTROL_CHARACTERS.sub("\ufffd", name)[:MAX_CHARACTERS] for name in trimmed]
    names: list[str] = []
    made_up, renamed, reserved = [], [], set(shown)
    used: set[str] = set()
    for i, name in enumerate(shown):
        unique = name or f"col{i + 1}"
        if unique in used or (not name and unique in reserved):
            unique = _find_free_name(unique, used | reserved)
        if not name:
            made_up.append(unique)
        elif unique != name:
            renamed.append(unique)
        names.append(unique)
        used.add(unique)
    return tuple(names), _write_notes(made_up, renamed, trimmed, shown)


def _find_free_name(name: str, used: set[str]) -> str:
    n = 2
    while f"{name}_{n}" in used:
        n += 1
    return f"{name}_{n}"


def _write_notes(
    made_up: list[str], renamed: list[str], raw: list[str], shown: list[str]
) -> list[str]:
    notes = []
    if made_up:
        notes.append(f"{_count(made_up, 'column')} without a name: {join_names(made_up)}")
    if renamed:
        notes.append(f"{_count(renamed, 'name')} used twice: now {join_names(renamed)}")
    n_changed = sum(a != b for a, b in zip(raw, shown, strict=True))
    if n_changed:
        notes.append(
            f"control characters replaced or length cut to {MAX_CHARACTERS} in the names of "
            f"{n_changed} column{'s' * (n_changed > 1)}"
        )
    return notes


def _count(items: list[str], word: str) -> str:
    return f"{len(items)} {word}{'s' * (len(items) > 1)}"
