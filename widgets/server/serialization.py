"""Serialisation: Bokeh looks only at the properties of a model that it sends.

A model is sent with the properties that differ from their defaults. Bokeh nevertheless asks each
model for the values of all properties, and creates defaults that it then leaves out. A page has 250
models with some 40 properties each. `widgets.server.patches` installs the function.
"""

from collections.abc import Callable
from typing import Any

from bokeh.core.has_props import HasProps

query_all_properties = HasProps.query_properties_with_values


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
