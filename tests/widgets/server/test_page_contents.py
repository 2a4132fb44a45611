"""A page has the same contents with the server's functions as with those of the libraries."""

import pytest
from bokeh.core.has_props import HasProps
from bokeh.document import Document
from bokeh.models import Div
from panel.io.resources import Resources

from widgets import Dashboard
from widgets.components.defaults import forget_defaults
from widgets.server import page_resources
from widgets.server.page_resources import add_resources, find_resources
from widgets.server.serialization import query_all_properties, query_properties


@pytest.fixture
def document():
    dashboard = Dashboard()
    document = Document()
    dashboard.__panel__().server_doc(document)
    yield document
    dashboard.close()


@pytest.mark.parametrize("is_fresh", [True, False])
def test_a_page_is_sent_with_the_same_properties(document, is_fresh, monkeypatch):
    def write(query):
        monkeypatch.setattr(HasProps, "query_properties_with_values", query)
        return document.to_json(deferred=False)

    if is_fresh:
        forget_defaults(document)
    sent = write(query_properties)
    assert sent["roots"]
    assert sent == write(query_all_properties)


@pytest.mark.parametrize("options", [{}, {"include_defaults": True}, {"include_undefined": True}])
def test_defaults_are_included_on_request(options):
    div = Div(text="a", width=300)
    assert query_properties(div, lambda each: True, **options) == query_all_properties(
        div, lambda each: True, **options
    )


@pytest.mark.parametrize("kind", ["__css__", "_bundle_css", "__javascript__"])
@pytest.mark.parametrize("mode", ["server", "cdn"])
def test_a_page_names_the_same_resources(kind, mode):
    page_resources._found.clear()
    for before in ([], ["own.css"]):
        resources, expected = list(before), list(before)
        for _ in range(2):
            add_resources(Resources(mode=mode), resources, kind)
        find_resources(Resources(mode=mode), expected, kind)
        assert resources == expected
