"""Names and roles that Bokeh's and Panel's components lack, added in the browser.

panel-material-ui 0.16 gives the entries of a list the role of a menu, writes its help texts as
labels of elements that can have none and cannot be focused, and leaves icon buttons without names;
Bokeh's tools have no role. WCAG 2.2 forbids each of them.
"""

from bokeh.document import Document
from bokeh.events import DocumentReady
from bokeh.models import CustomJS

# Each component has a shadow tree of its own, so each tree needs an observer.
NAME_ELEMENTS = """
    // The icons of Material have no names; these are their outlines.
    const WORDS = {"M19 13H5v-2h14z": "decrease", "m7 10 5 5 5-5z": "decrease",
        "M19 13h-6v6h-2v-6H5v-2h6V5h2v6h6z": "increase", "m7 14 5-5 5 5z": "increase"}
    const set = (element, values) => {
        for (const [name, value] of Object.entries(values))
            if (element.getAttribute(name) != value) element.setAttribute(name, value)
    }
    const all = (node, selector) =>
        [...(node.matches?.(selector) ? [node] : []), ...node.querySelectorAll?.(selector) ?? []]
    const FIXES = {
        // A help text beside an icon: the icon gets the text and the focus, which shows the text.
        "svg + span[aria-label]:empty": (span) => {
            // The outline of a field repeats its label for the width alone.
            if (span.parentElement?.closest("[aria-hidden=true]")) return
            const icon = span.previousElementSibling
            icon.removeAttribute("aria-hidden")
            set(icon, {tabindex: 0, role: "img", "aria-label": span.getAttribute("aria-label")})
            span.removeAttribute("aria-label")
        },
        "[role=listbox] [role=menuitem]": (item) => set(item,
            {role: "option", "aria-selected": item.classList.contains("Mui-selected")}),
        "button:not([aria-label])": (button) => {
            const icon = button.querySelector("svg path")?.getAttribute("d")
            if (button.textContent.trim() || !(icon in WORDS)) return
            const label = button.closest(".MuiFormControl-root")?.querySelector("label")
            set(button, {"aria-label": `${label?.textContent ?? ""} ${WORDS[icon]}`.trim()})
        },
        "[role=progressbar]:not([aria-label])": (bar) => set(bar, {"aria-label": "progress"}),
        "div[aria-label^=Resize]:not([role])": (handle) => set(handle, {role: "separator"}),
        ".bk-ToolButton": (tool) => {
            if (tool.title) set(tool, {role: "button", "aria-label": tool.title})
        },
    }
    const seen = new WeakSet()
    const visit = (node) => {
        for (const [selector, fix] of Object.entries(FIXES)) all(node, selector).forEach(fix)
        for (const each of all(node, "*")) if (each.shadowRoot) observe(each.shadowRoot)
    }
    const observe = (root) => {
        if (seen.has(root)) return
        seen.add(root)
        new MutationObserver((changes) => {
            for (const change of changes) change.addedNodes.forEach(visit)
        }).observe(root, {childList: true, subtree: true})
        visit(root)
    }
    observe(document.body)
"""


def name_elements(doc: Document) -> None:
    """Add missing names and roles, now and to every element that is added later."""
    doc.js_on_event(DocumentReady, CustomJS(code=NAME_ELEMENTS))
