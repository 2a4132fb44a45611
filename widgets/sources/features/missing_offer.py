"""The offer to fill in missing values where rows would be dropped."""

from clusterer.support.text import join_names
from clusterer.tables import Table
from widgets.sources.features.offer import Offer

N_FEW = 5
"""So many dropped rows are told in the report only."""

N_NAMED = 3
FILL_LABEL = "Fill in the mean so far"


def offer_to_fill(
    offer: Offer,
    table: Table | None,
    features: tuple[str, ...],
    *,
    is_filling: bool,
) -> None:
    """Show the offer if more than a few of the first rows lack a value, else hide it.

    Parameters
    ----------
    offer : Offer
        The sentence and the button.
    table : Table or None
        The table; None hides the offer.
    features : tuple of str
        The features.
    is_filling : bool
        Whether missing values are filled in already.
    """
    if table is None or not features or is_filling:
        offer.show()
        return
    lacking = table.count_lacking(features)
    if lacking.n_lacking <= N_FEW:
        offer.show()
        return
    first = "" if lacking.is_all else "first "
    worst = join_names([f"{name} ({n:,})" for name, n in lacking.by_column], N_NAMED)
    offer.show(
        f"{lacking.n_lacking:,} of the {first}{lacking.n_rows:,} rows lack a value and are left "
        f"out. They lack: {worst}.",
        FILL_LABEL,
    )


def tell_dropped(offer: Offer, n_dropped: int, n_rows: int) -> None:
    """Show the offer about the rows that were dropped so far, unless it is shown already.

    The first rows of a long table may be complete, and later rows may lack values.
    """
    if n_dropped > N_FEW and not offer.sentence:
        offer.show(
            f"Of the first {n_rows:,} rows {n_dropped:,} lack a value and were left out; more may "
            "follow.",
            FILL_LABEL,
        )
