"""The clusters of the present prototypes: when they are computed, how finely, their numbers."""
