"""The audit trail: how refusals are gathered, and how much is read at once."""

from __future__ import annotations

from config.schema import Count, Positive, Section, key


class Refused(Section):
    """Refused attempts, which are written behind the answers."""

    waiting_max: Count = key("Refused attempts that wait to be written; more are only counted.")
    batch_rows: Count = key("Refused attempts written at once.")
    flush_s: Positive = key("Refused attempts are written this often.")


class Together(Section):
    """Additions of one tenant that come together, written in one transaction."""

    rows_max: Count = key("Additions in one transaction.", live=True)
    waiting_max: Count = key("Additions of a tenant that may wait; more are refused.", live=True)


class Audit(Section):
    """Who did what, as a chain."""

    value_bytes_max: Count = key(
        "A longer before or after value is left out; the row tells its length and hash.",
    )
    read_rows: Count = key("Rows that verify and export read at a time.")
    verify_rows_max: Count = key("Rows that one request verifies; its answer says where to go on.")
    verify_faults_max: Count = key("After so many faults the rest of a chain is not looked at.")
    refused: Refused
    together: Together
