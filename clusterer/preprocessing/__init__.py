"""Preprocessing of points: standardisation and projection."""
