"""Why an actor cannot do what it was asked."""

from __future__ import annotations


class StoreAwayError(Exception):
    """Postgres did not confirm the batch: nothing may be assumed stored. Send it again later."""
