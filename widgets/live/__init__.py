"""The live figure and what stands beside it."""
