"""Backups of the embedded Postgres: how often its log is archived, what is kept, how fast."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.schema import Count, Positive, Section, key


class Backup(Section):
    archive_timeout_s: Count = key(
        "A piece of the log that is not full is archived after so long: what the loss of the data "
        "directory costs at most."
    )
    compression_level: Annotated[int, Field(ge=0, le=9)] = key(
        "Of archived pieces; 0 keeps them as they are."
    )
    queue_bytes_max: Count = key(
        "When so much of the log waits for an archive that cannot be written, the archive is given "
        "up rather than the database."
    )
    kept: Count = key("Base backups that are kept; older ones go, with the log before them.")
    rate_kib_s_max: Annotated[int, Field(ge=32, le=1_048_576)] = key(
        "A base backup reads no faster, so that it takes the disk from nobody."
    )
    archived_s_max: Positive = key("A finished piece of the log not archived by then failed.")
    recovery_s_max: Positive = key("Replaying the log takes at most so long.")
