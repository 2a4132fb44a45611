"""Defaults: what Bokeh's models remember of values that nobody has set."""

from bokeh.document import Document


def forget_defaults(document: Document | None) -> None:
    """Let go the empty lists and dicts that a document's models hold since somebody looked.

    Bokeh makes each model its own, in case that it is filled, whenever it walks through a page,
    and keeps it: a quarter of a page's memory. Made anew they are the same; one that was filled
    is a value set, and stays.
    """
    for model in document.models if document is not None else ():
        model._unstable_default_values.clear()
