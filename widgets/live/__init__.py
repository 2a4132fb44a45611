"""The live figure, and the numbers and choices beside it."""
