"""JavaScript that runs once, when the browser first shows the plot of a page.

The plot is there a second before all other parts of the page are.
"""

from typing import Any

from bokeh.document import Document
from bokeh.events import DocumentReady
from bokeh.models import CustomJS, Plot

RUN_ONCE = """
    const done = (plot.codesDone ??= new Set())
    if (done.has(NAME)) return
    done.add(NAME)
"""


def run_at_first_display(doc: Document, plot: Plot, name: str, code: str, **args: Any) -> None:
    """Run ``code`` when the browser has placed the plot, or at the latest the whole page.

    Parameters
    ----------
    doc : Document
        The page's document.
    plot : Plot
        The plot of the page.
    name : str
        A name for the code; code of the same name runs once.
    code : str
        JavaScript.
    **args
        The models that the code uses, by their names in the code.
    """
    once = CustomJS(args={"plot": plot, **args}, code=RUN_ONCE.replace("NAME", repr(name)) + code)
    plot.js_on_change("inner_width", once)
    doc.js_on_event(DocumentReady, once)
