"""The floor of `bench api`: the same application under uvicorn alone, on the port given.

It reads the installation that CONFIG_SERVICE_URL names, as every process of the product does.
"""

from __future__ import annotations

import sys

from actors.handles import TruckShards, connect
from config.installation import installation
from config.policy import policy
from serve.bare import run


def main(port: int) -> None:
    connect(installation())
    run(installation(), policy(), TruckShards.from_policy(policy()), port)


if __name__ == "__main__":
    main(int(sys.argv[1]))
