"""The groups: a card for each cluster, and the plot on it."""
