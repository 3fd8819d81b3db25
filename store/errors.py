"""What can go wrong in the store, told apart by what the caller must do about it.

StoreError
├── AlreadyExistsError     the id is taken: choose another
├── NotFoundError          no such object for this tenant
├── UnknownCarrierError    a truck is given to a carrier that is not there: make it first
├── InUseError             something else needs it: end that first
├── StaleVersionError      changed meanwhile: read again, then decide
├── LeaseLostError         another process holds the shard: stop writing, for good
├── BatchExistsError       this batch was committed before: reload the shard's state
└── MigrationError         the database and this program do not fit together: an operator must look
"""

from __future__ import annotations


class StoreError(Exception):
    """Any refusal of the store that is not a failure of Postgres or Redis themselves."""


class AlreadyExistsError(StoreError):
    def __init__(self, what: str, object_id: str) -> None:
        super().__init__(f"{what} {object_id!r} already exists")


class NotFoundError(StoreError):
    def __init__(self, what: str, object_id: str) -> None:
        super().__init__(f"there is no {what} {object_id!r}")


class UnknownCarrierError(StoreError):
    def __init__(self, carrier: str | None) -> None:
        super().__init__(f"there is no carrier {carrier!r}")


class InUseError(StoreError):
    def __init__(self, what: str, object_id: str, by: str) -> None:
        super().__init__(f"{what} {object_id!r} is in use by {by}")


class StaleVersionError(StoreError):
    def __init__(self, what: str, object_id: str, expected: int, found: int) -> None:
        super().__init__(f"{what} {object_id!r} is at version {found}, not {expected}")
        self.expected = expected
        self.found = found


class LeaseLostError(StoreError):
    def __init__(self, shard: int, epoch: int) -> None:
        super().__init__(f"shard {shard} is no longer held under epoch {epoch}")


class BatchExistsError(StoreError):
    def __init__(self, shard: int, batch: int) -> None:
        super().__init__(f"batch {batch} of shard {shard} is already committed")


class MigrationError(StoreError):
    pass
