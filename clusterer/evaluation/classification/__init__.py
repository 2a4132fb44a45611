"""Classifiers that learn the points of a run: settings, scores, peers."""
