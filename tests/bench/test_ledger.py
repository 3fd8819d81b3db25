"""`bench ledger` fills books that balance, posts with and without checks, asks all it prints."""

from __future__ import annotations

import argparse

import pytest

from bench import ledger
from bench.ledger_ground import KINDS, LINES, entries_from


def test_every_kind_of_entry_cancels_out() -> None:
    for kind in range(KINDS):
        assert sum(part for of, _, _, part, _ in LINES if of == kind) == 0
    assert [len(one.postings) for one in entries_from("x", 0, 4)] == [2, 4, 2, 3]


@pytest.mark.postgres
def test_a_small_run_posts_and_asks_everything() -> None:
    parser = argparse.ArgumentParser()
    ledger.options(parser)
    args = parser.parse_args(["--postings", "2200", "--posted", "100", "--asked", "3"])

    report = ledger.run(args)

    told = report.as_json()
    assert told["figures"]["postings"] == 2200
    assert set(told["floor"]) == {"postings_per_s", "single_entries_per_s"}
    assert told["required"]["balance_of_account_p99_ms"] == "<= 100"
    for name in ("balance_of_account", "balance_of_shipper", "all_accounts"):
        assert 0.0 < told["figures"][f"{name}_p50_ms"] <= told["figures"][f"{name}_p99_ms"]
