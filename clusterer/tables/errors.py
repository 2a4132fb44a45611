"""The exception of this package."""


class TableError(ValueError):
    """A table cannot be read; the message says why, where in the file, and what to do.

    Examples
    --------
    >>> raise TableError("data.csv is empty")
    Traceback (most recent call last):
    ...
    clusterer.tables.errors.TableError: data.csv is empty
    """
