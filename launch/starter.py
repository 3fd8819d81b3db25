"""Creates the actors and deploys Serve on a fresh Ray: a short-lived driver beside `up`.

Runs in a process of its own because Ray's library reads the environment at import. It loads while
the servers start, then takes orders on stdin ("join", "go") and tells on stdout, a line each.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence

from actors import handles
from actors.booking_shard import BookingShard
from actors.bookkeeper import Bookkeeper
from actors.dispatcher import Dispatcher
from actors.messenger import Messenger
from actors.outbox_relay import OutboxRelay
from actors.rehome import rehome_installation
from actors.service_tokens import maker_for
from actors.stats import ActorStats
from actors.truck_shard import TruckShard
from actors.watch import Watch
from config.installation import DatabaseRole
from config.policy import policy, process_settings
from config.snapshot import hand_on
from ingest.worker import IngestWorker
from serve.deployment import deploy
from store.config_follow import refresh
from store.installed import installation
from store.postgres import open_pool
from telemetry import process

JOIN = "join"
GO = "go"
POLL_S = 0.1  # fixed: a look, no wait of its own


def tell(step: str, state: str, detail: str = "") -> None:
    print(json.dumps({"step": step, "state": state, "detail": detail}), flush=True)


def await_order(order: str) -> None:
    """`up` that went away closes the pipe; there is nothing to start for then."""
    if sys.stdin.readline().strip() != order:
        sys.exit(1)


def tell_troubles(stats: Sequence[ActorStats]) -> None:
    """Who has the same trouble in one go: at first that is nearly everybody."""
    having: dict[str, list[str]] = {}
    for each in stats:
        if each.trouble is not None:
            having.setdefault(each.trouble, []).append(each.name)
    told = (f"{', '.join(names)}: {trouble}" for trouble, names in having.items())
    tell("actors", "waiting", "; ".join(told))


async def learn_configuration() -> None:
    """What is set in the store decides how many of everything are started."""
    storage = policy().storage
    where = installation().postgres
    async with await open_pool(where, DatabaseRole.SYSTEM, storage.system_pool, storage) as pool:
        await refresh(process_settings(), pool)


async def start_all() -> None:
    tell("actors", "begin")
    tell("serve", "begin")
    await learn_configuration()
    limits = policy()
    await rehome_installation(installation().postgres, limits)
    types = handles.ActorTypes(
        truck_shard=TruckShard,
        booking_shard=BookingShard,
        dispatcher=Dispatcher,
        bookkeeper=Bookkeeper,
        watch=Watch,
        messenger=Messenger,
        relay=OutboxRelay,
        ingest_worker=IngestWorker,
    )
    handles.start_actors(limits, hand_on(), types)
    serving = asyncio.create_task(serve_all(), name="deploy")
    shards = handles.TruckShards.from_policy(limits, maker_for(installation(), "starter"))
    await asyncio.wait_for(
        handles.wait_until_working(shards, tell_troubles, POLL_S), limits.launch.actors_ready_s_max
    )
    tell("actors", "end")
    await serving


async def serve_all() -> None:
    limits = policy()
    await asyncio.wait_for(
        asyncio.to_thread(deploy, installation(), limits), limits.launch.serve_ready_s_max
    )
    tell("serve", "end")


def main() -> None:
    process.begin("starter", installation())
    tell("loaded", "end")
    await_order(JOIN)
    handles.connect(installation())
    tell("joined", "end")
    await_order(GO)
    asyncio.run(start_all())


if __name__ == "__main__":
    main()
