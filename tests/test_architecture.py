"""Enforces the code map of ARCHITECTURE.md: who imports whom, what is pure, which file knows."""

from __future__ import annotations

import sys
from importlib.metadata import packages_distributions
from importlib.util import find_spec

import pytest

from tests.house import layers
from tests.house.sources import CODE_FOLDERS, ROOT, Rule, broken, python_files

RULES: list[Rule] = [
    layers.imports_point_down,
    layers.folders_imported_by_from,
    layers.pure_folders_stay_pure,
    layers.only_handles_call_actors,
    layers.one_file_knows_the_mqtt_library,
]
# Everything that is imported by a top-level name from the repository's root.
OUR_NAMES = (*CODE_FOLDERS, "tests", "ubertruck")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_architecture(rule: Rule) -> None:
    found = broken(rule, python_files())

    assert not found, found


def test_every_code_folder_is_in_the_import_table() -> None:
    known = {*layers.MAY_IMPORT, "console", "deploy", "docs"}
    folders = {source.path.partition("/")[0] for source in python_files() if "/" in source.path}

    assert folders <= known


def test_no_installed_distribution_claims_our_folder_names() -> None:
    """Our folders have no __init__.py, so an installed package of the same name would win."""
    claimed = packages_distributions()

    assert {name: claimed[name] for name in OUR_NAMES if name in claimed} == {}


def test_no_folder_of_ours_hides_a_standard_module() -> None:
    assert [name for name in OUR_NAMES if name in sys.stdlib_module_names] == []


def test_our_folders_are_imported_from_this_repository() -> None:
    """Says which folder is shadowed when the machine, not the lock, put a package in the way."""
    for name in CODE_FOLDERS:
        if not any(source.folder == name for source in python_files()):
            continue
        spec = find_spec(name)
        places = list(spec.submodule_search_locations or []) if spec else []

        assert str(ROOT / name) in places, name
