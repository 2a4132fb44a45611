"""Text on the page."""

from bokeh.document import Document

from widgets.components.text import Text


def test_text_is_shown_and_hidden_by_a_style():
    # Panel's own `visible` fails in a browser that has not drawn the text yet.
    text, document, changes = Text(), Document(), []
    model = text.pane.get_root(document)
    document.add_root(model)
    assert model.styles["display"] == "none"
    document.on_change(lambda event: changes.append(event.attr))
    text.show("one line")
    # A style that is not named any more would stay in the browser.
    assert model.styles["display"] is None
    text.show("another line")
    text.show()
    assert model.styles["display"] == "none"
    assert changes == ["text", "styles", "text", "text", "styles"]
