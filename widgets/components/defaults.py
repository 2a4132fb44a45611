"""Default values that Bokeh's models keep in memory although nobody set them."""

from bokeh.document import Document


def forget_defaults(document: Document | None) -> None:
    """Free the empty default lists and dicts of a document's models.

    Bokeh creates these for each model when it first searches the page, in case that code adds
    something to them, and keeps them: a quarter of a page's memory. Bokeh creates equal ones when
    they are needed again. A list or dict with content counts as a set value and is kept.
    """
    for model in document.models if document is not None else ():
        model._unstable_default_values.clear()
