"""Chromium's executable, searched in the same places and order as in .ci/browser."""

import os
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium(bundled: str = "") -> str:
    """Return the path of a Chromium that runs.

    The environment variable ``CHROMIUM`` names the executable; otherwise the search goes over the
    names on the ``PATH`` and then to ``bundled``, the executable that Playwright has downloaded.

    Raises
    ------
    FileNotFoundError
        If none of them runs.
    """
    named = os.environ.get("CHROMIUM")
    names = [named] if named else [*NAMES, bundled]
    for name in names:
        path = shutil.which(name)
        # Ubuntu's chromium-browser is a stub that only asks for snap.
        if path and subprocess.run([path, "--version"], capture_output=True).returncode == 0:
            return path
    raise FileNotFoundError(
        f"no Chromium among {names}; make test installs one, CHROMIUM= names another"
    )
