"""Logarithms of heavy-tailed columns in the browser: offered, taken by one click, and kept."""

import numpy as np
from playwright.sync_api import expect

from tests.app.test_link import query_of
from tests.app.test_tables import upload
from tests.support.customers import draw_customers, write_customers
from tests.support.screens import counter, data_of, seen, wait_until

AXIS = "Bokeh.documents[0].get_model_by_name('live').below[0]"
N = 1_500


def choose_axis(page, axis, name):
    page.get_by_role("combobox", name=f"{axis} axis").click()
    page.get_by_role("option", name=name, exact=True).click()


def test_the_offered_logarithm_changes_the_clusters_and_is_kept(dashboard_page, tmp_path):
    page = dashboard_page
    write_customers(tmp_path / "customers.csv", missing=0.005)
    upload(page, tmp_path / "customers.csv")
    offer = page.get_by_role("button", name="Take their logarithm")
    expect(offer).to_be_visible()
    expect(page.get_by_text("rows lack a value and are left out")).to_be_visible()
    wait_until(lambda: counter(page, "points per second") == "paused")
    n_complete = seen(page)
    assert n_complete < N
    assert counter(page, "clusters found") != "3"
    offer.click()
    wait_until(lambda: seen(page) == n_complete and counter(page, "clusters found") == "3")
    page.get_by_role("button", name="Fill in the mean so far").click()
    wait_until(lambda: seen(page) == N)
    # The axis is logarithmic, and its ticks are named in the units of the table.
    choose_axis(page, "x", "fresh")
    wait_until(lambda: page.evaluate(f"{AXIS}.axis_label") == "fresh (log)")
    names = page.evaluate(f"[...{AXIS}.major_label_overrides.values()]")
    assert {"10,000", "100,000"} <= set(names)
    places = page.evaluate(f"[...{AXIS}.major_label_overrides.keys()]")
    drawn, spent = data_of(page, "points")["x"], draw_customers(N)[0][:, 0]
    beyond = (drawn > places[names.index("10,000")]).mean()
    assert abs(beyond - (spent > 10_000).mean()) < 0.02
    # A column counts less.
    page.get_by_text("Logarithm and weight of columns").click()
    page.get_by_label("Weight of delicatessen").fill("0.5")
    page.get_by_label("Weight of delicatessen").press("Enter")
    wait_until(lambda: "weights=delicatessen%3D0.5" in query_of(page))
    wait_until(lambda: counter(page, "points per second") == "paused")
    page.reload()
    page.wait_for_selector("canvas")
    wait_until(lambda: seen(page) == N and counter(page, "clusters found") == "3")
    expect(page.get_by_role("button", name="Cluster the plain values")).to_be_visible()
    page.get_by_text("Logarithm and weight of columns").click()
    expect(page.get_by_label("Weight of delicatessen")).to_have_value("0.5")
    expect(page.get_by_label("Logarithm of fresh")).to_be_checked()
    assert "log=fresh" in query_of(page)
    assert np.isfinite(data_of(page, "points")["x"]).all()
