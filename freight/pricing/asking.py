"""What is asked for a price: a load and a moment, and the facts that were found out about it."""

from __future__ import annotations

import msgspec

from freight.load import Load


class PriceRequest(msgspec.Struct, frozen=True):
    load: Load
    at_ms: int  # when loading begins: the day and the hour that rates are looked up for
    shipper: str | None = None


class Facts(msgspec.Struct, frozen=True):
    """What was found out for a price."""

    distance_m: int
    router: str
    # Of every stop, the fences that it lies in; the first counts before the others.
    fences: tuple[tuple[str, ...], ...] = ()
    trucks: int = 1  # that the load takes
    cell: str | None = None  # of the first pickup, where the next two were counted
    waiting: int = 0
    free: int = 0


class NoPriceError(Exception):
    """There is no price for this, and why; `code` is for programs."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
