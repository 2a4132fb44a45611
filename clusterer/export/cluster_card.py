"""The text of a card that says what sets a cluster apart, for the page and the report."""

import html

from clusterer.evaluation.descriptions import ClusterDescription

N_SENTENCES = 3
N_FEATURES = 6
"""Number of features whose boxes are drawn: those that set the cluster apart most."""


def write_card(
    description: ClusterDescription, nearest: str = "", *, is_forgetting: bool = False
) -> str:
    """Return the text of a card as HTML; text of users is escaped.

    Parameters
    ----------
    description : ClusterDescription
        The cluster.
    nearest : str
        The name of the nearest cluster; default its number.
    is_forgetting : bool
        Whether the model forgets, so that the number of points in memory is told, too.
    """
    each = description
    sentences = [feature.explain() for feature in each.features if feature.word][:N_SENTENCES]
    facts = each.list_facts(nearest, is_forgetting=is_forgetting)
    sentences += [category.explain() for category in each.categories[:N_SENTENCES]]
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences)
    rows = "".join(
        f"<div><dt>{name}: </dt><dd>{html.escape(text)}</dd></div>" for name, text in facts.items()
    )
    note = (
        ""
        if each.n_rows
        else '<p class="note">The window holds few of its points, so the boxes follow from its '
        "prototypes.</p>"
    )
    n_more = len(each.features) - N_FEATURES
    more = f'<p class="note">{n_more:,} more features are not drawn.</p>' if n_more > 0 else ""
    return (
        f'<p class="words">{html.escape(each.summarize(N_SENTENCES))}</p>'
        f"{f'<ul>{items}</ul>' if items else ''}"
        f'<dl class="facts">{rows}</dl>{note}{more}'
    )
