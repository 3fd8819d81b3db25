"""How a booking's refusals are told to who asked."""

from __future__ import annotations

from actors.bookings import STALE, Refused
from serve.problems import ConflictError, InvalidError, NotFoundError, ProblemError, StaleError

_MISSING = frozenset({"unknown_booking", "unknown_offer"})
# What a request says that cannot be; by how its code begins, and where it most likely stands.
_INVALID = ("invalid_", "unknown_")
_POINTERS = {"unknown_leg": "/leg", "unknown_stop": "/stop", "unknown_truck": "/truck"}


def problem_of(refused: Refused) -> ProblemError:
    if refused.code in _MISSING:
        return NotFoundError(refused.detail)
    if refused.code == STALE:
        return StaleError(refused.detail)
    if refused.code.startswith(_INVALID):
        pointer = _POINTERS.get(refused.code, "")
        return InvalidError.at(pointer, refused.detail, code=refused.code)
    error = {"pointer": "", "detail": refused.detail, "code": refused.code}
    return ConflictError(refused.detail, errors=[error])
