"""The read-out: which prototypes form a cluster, by density."""
