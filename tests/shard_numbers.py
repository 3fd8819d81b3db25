"""Numbers of truck shards of a test's own: leases and batches of others are not among them."""

from __future__ import annotations

import itertools

# Below them are those of running stacks, far above those that tests name themselves.
_even = itertools.count(10, 2)


def new_shard() -> int:
    """The number behind it is free as well, for who needs a neighbour."""
    return next(_even)
