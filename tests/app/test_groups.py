"""The cards of the clusters, in a browser."""

from playwright.sync_api import expect

from tests.support.screens import counter, data_of, pause, seen, wait_until

# A loaded machine may need longer than the usual five seconds.
expect.set_options(timeout=30_000)


def test_a_user_reads_the_cards_and_names_a_cluster(dashboard_page):
    page = dashboard_page
    wait_until(lambda: seen(page) > 600)
    pause(page)
    page.get_by_role("tab", name="Groups").click()
    n_clusters = int(counter(page, "clusters found"))
    names = page.get_by_role("textbox", name="Name of cluster")
    expect(names).to_have_count(n_clusters)
    expect(page.get_by_text("Certainty: ", exact=False).first).to_be_visible()
    expect(page.get_by_text("of the others", exact=False).first).to_be_visible()
    # The live figure has one canvas or more, and each card has one.
    wait_until(lambda: page.locator("canvas").count() > n_clusters)
    label = names.first.evaluate("input => input.labels[0].textContent")
    cluster = label.removeprefix("Name of cluster ").strip()
    assert cluster in data_of(page, "cluster labels")["text"]
    names.first.fill("<b>young</b>")
    names.first.press("Enter")
    wait_until(lambda: "<b>young</b>" in data_of(page, "cluster labels")["text"])
    expect(names.first).to_have_value("<b>young</b>")
    page.get_by_role("tab", name="Clusters").click()
    expect(page.get_by_role("cell", name=f"{cluster} <b>young</b>")).to_be_visible()
