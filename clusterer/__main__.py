"""Runs the command line, `clusterer.cli`, for ``python -m clusterer``."""

from clusterer.cli import run

if __name__ == "__main__":
    run()
