"""One lock for each object, so that several threads may use the object."""

import copy
from collections.abc import Callable
from functools import wraps
from threading import RLock
from typing import Any, ClassVar, Concatenate, ParamSpec, Self, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
L = TypeVar("L", bound="Lockable")


class Lockable:
    """An object with a lock of its own, which copies and pickles do not share.

    The lock lies in a slot and not among the attributes, so ``vars`` of two equal objects are
    equal. A copy is always a deep one: copies that share state would not share the lock.

    >>> import pickle
    >>> first = Lockable()
    >>> first.values = [1]
    >>> second = copy.copy(first)
    >>> second.values.append(2)
    >>> first.values, pickle.loads(pickle.dumps(second)).values
    ([1], [1, 2])
    """

    __slots__ = ("__dict__", "_lock")
    _lock: Any
    _transient: ClassVar[frozenset[str]] = frozenset()
    """Names of attributes that neither a copy nor a pickle holds."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Make the object with its lock."""
        made = super().__new__(cls)
        made._lock = RLock()
        return made

    def __getstate__(self) -> dict[str, Any]:
        # Under the lock, since another thread may change the state while it is pickled.
        with self._lock:
            kept = self.__dict__.keys() - self._transient
            return {name: copy.deepcopy(self.__dict__[name]) for name in sorted(kept)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __copy__(self) -> Self:
        return copy.deepcopy(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        memo[id(self)] = twin = type(self).__new__(type(self))
        twin.__setstate__(self.__getstate__())
        return twin


def locked(method: Callable[Concatenate[L, P], R]) -> Callable[Concatenate[L, P], R]:
    """Let only one thread at a time be in this method and all other locked ones of an object."""

    @wraps(method)
    def call(self: L, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self._lock:
            return method(self, *args, **kwargs)

    return call
