"""Holds the whole repository to the house rules; each rule's docstring says what it prevents."""

from __future__ import annotations

import pytest

from config.policy import Policy
from tests.house import outside, settings, shape
from tests.house.sources import CODE_FOLDERS, Rule, broken, python_files, text_files

PYTHON_RULES: list[Rule] = [
    shape.functions_are_short,
    shape.modules_say_what_they_are_for,
    shape.folders_are_namespace_packages,
    shape.tests_wait_on_conditions,
    outside.only_our_environment_is_read,
    outside.ray_is_ours_alone,
    outside.sql_lives_in_store,
]
TEXT_RULES: list[Rule] = [
    shape.modules_are_short,
    shape.lines_are_short,
    shape.names_say_what_is_inside,
    shape.nothing_is_left_unfinished,
    outside.nothing_of_this_machine,
    outside.locks_name_no_address,
]


@pytest.mark.parametrize("rule", PYTHON_RULES, ids=lambda rule: rule.__name__)
def test_python_files(rule: Rule) -> None:
    found = broken(rule, python_files())

    assert not found, found


@pytest.mark.parametrize("rule", TEXT_RULES, ids=lambda rule: rule.__name__)
def test_all_text_files(rule: Rule) -> None:
    found = broken(rule, text_files())

    assert not found, found


def test_nearly_all_modules_keep_to_the_aim() -> None:
    modules = python_files()
    over = [m.path for m in modules if len(m.lines) > shape.MODULE_LINES_AIM]

    assert len(over) <= shape.OVER_AIM_SHARE_MAX * len(modules), over


def test_nearly_all_functions_keep_to_the_aim() -> None:
    lengths = [
        (length, f"{module.path}:{line} {name}")
        for module in python_files()
        for line, name, length in shape.function_lengths(module)
    ]
    over = [where for length, where in lengths if length > shape.FUNCTION_LINES_AIM]

    assert len(over) <= shape.OVER_AIM_SHARE_MAX * len(lengths), over


def test_every_setting_is_read_somewhere() -> None:
    product = [source for source in python_files() if source.folder in CODE_FOLDERS]

    assert settings.unread_settings(Policy, product) == []
