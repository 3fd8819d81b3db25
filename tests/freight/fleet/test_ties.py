"""Blocks, exclusive lists and dedicated fleets, as dispatching asks for them."""

from __future__ import annotations

import pytest

from freight.fleet.ties import Tie, TieKind, Ties

TIES = Ties(
    [
        Tie(TieKind.BLOCKED, "crook"),
        Tie(TieKind.BLOCKED, "slow", "mill"),
        Tie(TieKind.EXCLUSIVE, "ravi", "mine"),
        Tie(TieKind.EXCLUSIVE, "asha", "mine"),
        Tie(TieKind.DEDICATED, "own", "mill"),
        Tie(TieKind.DEDICATED, "own", "port"),
    ]
)


@pytest.mark.parametrize(
    ("shipper", "only", "never"),
    [
        ("mill", None, {"crook", "slow"}),
        ("port", None, {"crook"}),
        ("mine", {"ravi", "asha"}, {"crook", "own"}),
        (None, None, {"crook", "own"}),
    ],
)
def test_who_drives_for_whom(shipper: str | None, only: set[str] | None, never: set[str]) -> None:
    assert TIES.exclusive_to(shipper) == only
    assert TIES.kept_from(shipper) == never


def test_without_ties_everybody_drives_for_everybody() -> None:
    assert (Ties().exclusive_to("mill"), Ties().kept_from("mill")) == (None, frozenset())


def test_only_a_block_is_without_a_shipper() -> None:
    with pytest.raises(ValueError, match="needs a shipper"):
        Ties([Tie(TieKind.EXCLUSIVE, "ravi")])
