"""A page has the same contents with the server's functions as with those of the libraries."""

import pytest
from bokeh.core.has_props import HasProps
from bokeh.document import Document
from bokeh.model import Model
from bokeh.models import Div
from panel.io.resources import Resources

from widgets import Dashboard
from widgets.components.defaults import forget_defaults
from widgets.server import page_resources
from widgets.server.page_resources import add_resources, find_resources
from widgets.server.serialization import (
    query_all_properties,
    query_properties,
    visit_all_references,
    visit_references,
)


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


def list_references(visit, model):
    found = []
    visit(model, found.append)
    return found


def test_the_models_of_a_page_are_found_in_the_same_order(document):
    forget_defaults(document)
    models = list(document.models)
    found = [list_references(visit_references, model) for model in models]
    assert found == [list_references(visit_all_references, model) for model in models]
    assert len({each.id for references in found for each in references}) > 100
    found_in_list = list_references(visit_references, [models[:2]])
    assert found_in_list == models[:2]


def test_a_new_model_of_every_class_has_the_same_references():
    n_with_models = 0
    for kind in list(Model.model_class_reverse_map.values()):
        try:
            model = kind()
            expected = [type(each) for each in list_references(visit_all_references, model)]
        except Exception:
            continue  # an abstract class, or one that needs arguments
        found = [type(each) for each in list_references(visit_references, kind())]
        assert found == expected, kind
        n_with_models += bool(found)
    assert n_with_models > 20


def test_a_search_creates_no_empty_defaults():
    div = Div(text="a")
    div._unstable_default_values.clear()
    list_references(visit_references, div)
    assert not div._unstable_default_values
    list_references(visit_all_references, div)
    assert div._unstable_default_values


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
