"""What a device may do at a broker, whichever it is: the public contract, section 2."""

from __future__ import annotations

from store.directory import DirectoryEntry

TOPIC_CHARS_MAX = 256


def may_publish(entry: DirectoryEntry) -> list[str]:
    """The topics of its own truck, and of the ids it is bound to."""
    own = f"v1/{entry.tenant}/trucks/{entry.truck}"
    topics = [f"{own}/position", f"{own}/status", f"owntracks/{entry.tenant}/{entry.truck}"]
    if entry.unique_id is not None:
        topics.append(f"teltonika/{entry.unique_id}/data")
    return topics


def may_subscribe(entry: DirectoryEntry) -> list[str]:
    own = f"v1/{entry.tenant}/trucks/{entry.truck}"
    return [f"{own}/receipts", f"{own}/commands"]


# What our own ingest does at any broker.
INGEST_SUBSCRIBES = ("v1/+/trucks/+/position", "owntracks/+/+", "teltonika/+/data")
INGEST_PUBLISHES = ("v1/+/trucks/+/receipts", "v1/+/trucks/+/commands")


def covers(allowed: str, topic: str) -> bool:
    """Whether a filter with + for one level covers this topic or filter; # is never ours."""
    mine, theirs = allowed.split("/"), topic.split("/")
    return len(mine) == len(theirs) and all(
        m in {"+", t} and t != "#" for m, t in zip(mine, theirs, strict=True)
    )
