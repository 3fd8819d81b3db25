"""Every key is explained, and the page about them says what the code says."""

from __future__ import annotations

from config.policy import defaults, tree
from config.reference import reference
from config.tree import value_at
from tests.house.sources import ROOT


def test_the_page_is_in_step() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()

    assert page == reference(), "run `python -m ubertruck config reference`"


def test_every_key_says_what_it_means() -> None:
    leaves = [*tree().leaves.values(), *tree().maps.values()]

    assert [leaf.name for leaf in leaves if not leaf.meaning] == []


def test_every_default_is_what_its_key_takes() -> None:
    values = defaults().model_dump(mode="json")

    wrong = {
        leaf.name: leaf.faults(value_at(values, leaf.route))
        for leaf in tree().leaves.values()
        if leaf.faults(value_at(values, leaf.route))
    }
    assert wrong == {}
