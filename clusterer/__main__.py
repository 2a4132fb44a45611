"""``python -m clusterer``: see `clusterer.commands`."""

from clusterer.commands import run

if __name__ == "__main__":
    run()
