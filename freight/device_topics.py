"""What a device may do at a broker, whichever it is: the public contract, section 2."""

from __future__ import annotations


def may_publish(tenant: str, truck: str, unique_id: str | None) -> list[str]:
    """The topics of its own truck, and of the id it is bound to."""
    own = f"v1/{tenant}/trucks/{truck}"
    topics = [f"{own}/position", f"{own}/status", f"owntracks/{tenant}/{truck}"]
    if unique_id is not None:
        topics.append(f"teltonika/{unique_id}/data")
    return topics


def may_subscribe(tenant: str, truck: str) -> list[str]:
    own = f"v1/{tenant}/trucks/{truck}"
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
