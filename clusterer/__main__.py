"""``python -m clusterer``: see `clusterer.cli`."""

from clusterer.cli import run

if __name__ == "__main__":
    run()
