"""Evaluation: quality metrics, comparison with other clusterers, grid sweeps of parameters."""
