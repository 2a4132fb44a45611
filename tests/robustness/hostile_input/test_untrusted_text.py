"""Text from files is shown as it is in every place, and never run."""

import pytest
from playwright.sync_api import expect

from tests.app.test_tables import upload
from tests.app.test_uploads import choose
from tests.support.screens import data_of, seen, wait_until

SET = "window.__xss=1"
PAYLOADS = (
    f"<img src=x onerror={SET}>",
    f"<script>{SET}</script>",
    f"<svg onload={SET}>",
    f"<iframe srcdoc='<script>parent.{SET}</script>'></iframe>",
    f"<details open ontoggle={SET}>",
    f"</div></td><b onmouseover={SET}>b</b>",
    f'"><input autofocus onfocus={SET}>',
    f"'-({SET})-'",
    f"[a](javascript:{SET})",
    f"javascript:{SET}",
    "{{constructor.constructor('" + SET + "')()}}",
    "${" + SET + "}",
    "<%= " + SET + " %>",
    "`" + SET + "`",
    f"$$\\href{{javascript:{SET}}}{{x}}$$",
    f"&lt;img src=x onerror={SET}&gt;",
    "=cmd|'/C calc'!A0",
    "@{x}{safe}",
)


@pytest.fixture
def evil(tmp_path):
    """A table with payloads in its column names, its cells and its file name."""
    quoted = ['"' + text.replace('"', '""') + '"' for text in PAYLOADS]
    lines = [",".join([*quoted, "label", "note"])]
    for i in range(60):
        numbers = [str((i * (j + 2)) % 23 + 0.5) for j in range(len(PAYLOADS))]
        word = quoted[i % len(quoted)]
        lines.append(",".join([*numbers, word, word]))
    lines.append(",".join("?" * len(PAYLOADS)) + ",a,b")
    path = tmp_path / f"<img src=x onerror={SET}>;$(id)`.csv"
    # A file name must not contain a slash.
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_payloads_are_text_wherever_they_are_shown(dashboard_page, evil):
    page = dashboard_page
    n_scripts = page.evaluate("document.scripts.length")
    upload(page, evil)
    wait_until(lambda: seen(page) == 60)
    # The features, the report, the selects.
    for text in PAYLOADS:
        expect(page.get_by_role("checkbox", name=text, exact=True)).to_be_checked()
    expect(page.get_by_text("1 row dropped: a value is missing")).to_contain_text("1 in ")
    for select in ("True classes", "Time column", "x axis", "y axis"):
        if select == "Time column":
            page.get_by_text("Order and scaling of the rows").click()
        choose(page, select, PAYLOADS[0])
        wait_until(lambda: seen(page) == 60)
    label = "Bokeh.documents[0].get_model_by_name('live').below[0].axis_label"
    wait_until(lambda: page.evaluate(label) == PAYLOADS[0])
    choose(page, "y axis", PAYLOADS[14])
    # Text that Bokeh would show as a formula is plain text.
    wait_until(lambda: page.evaluate(label.replace("below", "left") + "?.text") == PAYLOADS[14])
    # The scatter matrix, its labels, the hover over prototypes.
    page.get_by_role("tab", name="Scatter matrix").click()
    wait_until(lambda: len(data_of(page, "matrix").get("x0", ())) > 0)
    page.mouse.move(900, 500)
    # The dialog: file name, column names, cells, notes.
    page.get_by_role("button", name="Preview the table").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(evil.name)).to_be_visible()
    for text in PAYLOADS[:3]:
        expect(dialog.get_by_role("cell", name=text, exact=True).first).to_be_visible()
        expect(dialog.get_by_role("columnheader", name=text, exact=True).first).to_be_attached()
    dialog.get_by_role("button").first.click()
    page.wait_for_timeout(500)
    assert page.evaluate("window.__xss") is None
    assert page.evaluate("document.scripts.length") == n_scripts
    assert page.locator("img[src=x], iframe[srcdoc], a[href^='javascript']").count() == 0


def test_payloads_in_messages_are_shown_as_text(dashboard_page, tmp_path):
    page = dashboard_page
    name = f"<svg onload={SET}>.csv"
    (tmp_path / name).write_text(f"<img src=x onerror={SET}>,b\nx,y\nz,w\n")
    upload(page, tmp_path / name)
    message = page.get_by_role("alert").filter(has_text="has no numeric column")
    expect(message).to_contain_text(name)
    expect(message).to_contain_text("<img src=x onerror=")
    assert page.evaluate("window.__xss") is None
