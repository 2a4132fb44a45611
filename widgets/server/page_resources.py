"""The style sheets and scripts that a page names: found once, not once per page.

For each page Panel looks through all its component classes, and asks the file system for the files
of each. The answer depends on the classes that are loaded, on the kind of resource and on how the
page is served. `widgets.server.patches` installs the function.
"""

from typing import Any

import param
from panel.io.resources import Resources
from panel.io.state import state
from panel.reactive import ReactiveCustomBase

find_resources = Resources.extra_resources

_found: dict[tuple[Any, ...], list[str]] = {}


def add_resources(self: Resources, resources: list[str], resource_type: str) -> None:
    """Append the resources of all loaded component classes that ``resources`` does not have."""
    # A new class or extension needs another search.
    key = (
        resource_type,
        self.mode,
        self.notebook,
        self.absolute,
        state.rel_path,
        tuple(each for each in param.descendents(ReactiveCustomBase) if each._loaded()),
    )
    if key not in _found:
        found: list[str] = []
        find_resources(self, found, resource_type)
        _found[key] = found
    resources += [each for each in _found[key] if each not in resources]
