"""Preprocessing: running standardisation and projection."""
