"""The floor of `bench api`: the same application under uvicorn alone, on the port given.

It reads the installation that CONFIG_SERVICE_URL names, as every process of the product does.
"""

from __future__ import annotations

import sys

from actors.handles import TruckShards, connect
from actors.service_tokens import maker_for
from config.policy import policy
from serve.bare import run
from serve.deployment import SERVICE, acting_for
from store.installed import installation


def main(port: int) -> None:
    where = installation()
    connect(where)
    shards = TruckShards.from_policy(policy(), maker_for(where, SERVICE, acting_for))
    run(where, policy(), shards, port)


if __name__ == "__main__":
    main(int(sys.argv[1]))
