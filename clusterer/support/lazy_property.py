"""Lazy properties: worked out when first asked for, and then known."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

Value = TypeVar("Value")


class lazy_property(Generic[Value]):  # noqa: N801, as it reads like property
    """Like `functools.cached_property`, but no thread waits for another one.

    Up to Python 3.11 that one holds a lock which all instances share: whoever asks waits for
    whoever works out the same property of anything, and with a hundred threads that is all they do.

    >>> class Square:
    ...     def __init__(self, side):
    ...         self.side = side
    ...
    ...     @lazy_property
    ...     def area(self):
    ...         print("working it out")
    ...         return self.side**2
    >>> square = Square(3)
    >>> square.area, square.area
    working it out
    (9, 9)
    """

    def __init__(self, work_out: Callable[[Any], Value]) -> None:
        self._work_out = work_out
        self.__doc__ = work_out.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> "lazy_property[Value]": ...

    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...

    def __get__(self, instance: object | None, owner: type) -> "lazy_property[Value] | Value":
        if instance is None:
            return self
        # In the instance's dictionary it goes before this, which sets nothing.
        value = instance.__dict__[self._name] = self._work_out(instance)
        return value
