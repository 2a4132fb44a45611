"""Bokeh looks only at the properties of a model that somebody has set, not at all defaults.

A page has 240 models with some 40 properties each, of which five are set.
`widgets.server.patches` installs the functions.

- A model is sent with the properties that differ from their defaults. Bokeh nevertheless asks for
  the values of all properties, and creates defaults that it then leaves out.
- Bokeh searches a page for its models some thirty times while Panel builds it. For each model it
  creates and searches the defaults, nearly all of which are empty lists and dicts.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from bokeh.core.has_props import HasProps
from bokeh.model import util

query_all_properties = HasProps.query_properties_with_values
visit_all_references = util.visit_immediate_value_references


def query_properties(
    self: HasProps,
    query: Callable[[Any], bool],
    *,
    include_defaults: bool = True,
    include_undefined: bool = False,
) -> dict[str, Any]:
    """Return the values of the properties that ``query`` accepts, by name."""
    if not (include_defaults or include_undefined):
        known = {
            *self._property_values,
            *self._unstable_default_values,
            *(self.themed_values() or ()),
        }
        accepts = query

        def query(descriptor: Any) -> bool:
            return descriptor.name in known and accepts(descriptor)

    return query_all_properties(
        self, query, include_defaults=include_defaults, include_undefined=include_undefined
    )


def visit_references(value: Any, visitor: Callable[[Any], None]) -> None:
    """Call ``visitor`` with each model that the properties of ``value`` refer to."""
    if not isinstance(value, HasProps):
        visit_all_references(value, visitor)
        return
    names, has_models = find_reference_properties(type(value))
    known = {*has_models, *value._property_values, *value._unstable_default_values}
    # In the order of the class, as Bokeh itself.
    for name in names:
        if name in known:
            util.visit_value_and_its_immediate_references(getattr(value, name), visitor)


@cache
def find_reference_properties(kind: type[HasProps]) -> tuple[tuple[str, ...], frozenset[str]]:
    """The properties of a class that can refer to models, and those whose default does so."""
    names = tuple(kind.properties_with_refs())
    has_models = set()
    for name in names:
        models: list[Any] = []
        default = kind.lookup(name).class_default(kind)
        util.visit_value_and_its_immediate_references(default, models.append)
        if models:
            has_models.add(name)
    return names, frozenset(has_models)
