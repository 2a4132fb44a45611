"""Tables of what the live figure shows: the clusters, and the rows behind the points."""
