"""What a device may do at a broker, whichever it is: the public contract, section 2."""

from __future__ import annotations


def position_topic(tenant: str, truck: str) -> str:
    return f"v1/{tenant}/trucks/{truck}/position"


def status_topic(tenant: str, truck: str) -> str:
    """Whether the device is there, and what became of the commands it was sent."""
    return f"v1/{tenant}/trucks/{truck}/status"


def commands_topic(tenant: str, truck: str) -> str:
    return f"v1/{tenant}/trucks/{truck}/commands"


def owntracks_topic(tenant: str, truck: str) -> str:
    return f"owntracks/{tenant}/{truck}"


def teltonika_topic(unique_id: str) -> str:
    return f"teltonika/{unique_id}/data"


def may_publish(tenant: str, truck: str, unique_id: str | None) -> list[str]:
    """The topics of its own truck, and of the id it is bound to."""
    topics = [
        position_topic(tenant, truck),
        status_topic(tenant, truck),
        owntracks_topic(tenant, truck),
    ]
    if unique_id is not None:
        topics.append(teltonika_topic(unique_id))
    return topics


def may_subscribe(tenant: str, truck: str) -> list[str]:
    return [f"v1/{tenant}/trucks/{truck}/receipts", commands_topic(tenant, truck)]


# What our own ingest does at any broker.
INGEST_SUBSCRIBES = (
    position_topic("+", "+"),
    status_topic("+", "+"),
    owntracks_topic("+", "+"),
    teltonika_topic("+"),
)
INGEST_PUBLISHES = ("v1/+/trucks/+/receipts", commands_topic("+", "+"))


def covers(allowed: str, topic: str) -> bool:
    """Whether a filter with + for one level covers this topic or filter; # is never ours."""
    mine, theirs = allowed.split("/"), topic.split("/")
    return len(mine) == len(theirs) and all(
        m in {"+", t} and t != "#" for m, t in zip(mine, theirs, strict=True)
    )
