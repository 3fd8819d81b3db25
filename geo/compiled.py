"""Marks the few functions that are compiled to machine code: loops that numpy cannot say.

They are written in the part of Python that numba knows, take plain numbers and arrays, and do the
same sums in the same order as Python would, to the last bit: no fast mathematics, no fused sums.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compiled at the first call with such types; kept beside the source for the next process.

    Divisions by zero give infinity or NaN, as numpy's do.
    """
    return _compiled(function)


def compiled_without_new_arrays(function: Function) -> Function:
    """As `compiled`, for what makes no array and calls none that does: arrays are lent to it, not
    counted at each call, which costs 10 ns where a call may do less than that."""
    return _compiled(function, _nrt=False)


def _compiled(function: Function, **options: Any) -> Function:
    made: Any = numba.njit(cache=True, error_model="numpy", **options)(function)
    kept = made._cache._cache_file  # noqa: SLF001
    # By itself numba looks at the function's own file only, and would go on with what it compiled
    # of another file's functions and constants after these have changed.
    kept._source_stamp = kept._source_stamp, _what_it_uses(function)  # noqa: SLF001
    return cast(Function, made)


def _what_it_uses(function: Callable[..., Any]) -> list[tuple[str, object]]:
    named: dict[str, Any] = function.__globals__
    used = [(name, _stamp(named[name])) for name in function.__code__.co_names if name in named]
    return [(name, stamp) for name, stamp in used if stamp is not None]


def _stamp(used: Any) -> object:
    if isinstance(used, np.ndarray):
        return used.tobytes()
    if isinstance(used, int | float | tuple):
        return used
    cache = getattr(used, "_cache", None)  # what is compiled itself
    return None if cache is None else cache._cache_file._source_stamp  # noqa: SLF001
