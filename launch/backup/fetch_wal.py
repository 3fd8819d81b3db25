"""Postgres' restore_command: gives a piece of the log back from the archive, checked.

Runs for every piece, so it imports nothing of the product; its working directory is the cluster's.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import zlib
from pathlib import Path

ORDER = "ubertruck-restore.json"
NOT_THERE = 1  # the end of the log, as far as Postgres is told
# Above 125 Postgres gives up: a damaged piece must not pass for the end of the log.
DAMAGED = 200


def main(argv: list[str]) -> int:
    name, target = argv[0], Path(argv[1])
    archive = Path(json.loads(Path(ORDER).read_text())["wal"])
    plain, packed = archive / name, archive / f"{name}.gz"
    try:
        if plain.is_file():
            content = plain.read_bytes()
        elif packed.is_file():
            content = gzip.decompress(packed.read_bytes())
        else:
            return NOT_THERE
    except (OSError, EOFError, zlib.error) as failed:
        print(f"{packed} cannot be read: {failed}", file=sys.stderr)
        return DAMAGED
    part = target.with_name(target.name + ".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.rename(target)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
