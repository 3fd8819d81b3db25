"""Holds the papers to the code: paths that exist, the real import table, whole decisions."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest

from tests.house.layers import MAY_IMPORT
from tests.house.sources import CODE_FOLDERS, ROOT, Source, all_paths, text_files

PAPERS = [source for source in text_files() if source.path.endswith(".md")]
ARCHITECTURE = "ARCHITECTURE.md"
# What a build makes, and names that stand for others, are not files of the repository.
MADE = ("console/dist", "store/migrations/NNNN", "config/defaults/NAME", "config/sections/NAME")
DECISION_PARTS = ("**Decision:**", "**Measured:**", "**Enforced by:**")

_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)(?:#[^)]*)?\)")
_TICKED = re.compile(r"`([\w.-]+(?:/[\w.-]+)*/?)`")


def _architecture() -> str:
    return (ROOT / ARCHITECTURE).read_text()


def _named_paths(text: str) -> set[str]:
    """Things in backticks that begin like files or folders of ours."""
    roots = {*CODE_FOLDERS, "tests", "docs", "deploy", "console"}
    cut = ((name, *name.partition("/")) for name in _TICKED.findall(text))
    return {name for name, first, slash, _ in cut if slash and first in roots}


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.path)
def test_paths_in_papers_exist(paper: Source) -> None:
    folder = PurePosixPath(paper.path).parent
    links = {(folder / link).as_posix() for link in _LINK.findall(paper.text)}
    named = {n.rstrip("/") for n in _named_paths(paper.text) if not n.startswith(MADE)}
    known = {*all_paths(), *(str(p) for path in all_paths() for p in PurePosixPath(path).parents)}

    missing = sorted((links | named) - known)

    assert not missing, "\n".join(missing)


def test_code_map_is_the_import_table() -> None:
    rows = re.findall(r"^\| `(\w+)/` \| [^|]* \| ([^|]*) \|$", _architecture(), re.MULTILINE)
    told = {
        folder: frozenset(CODE_FOLDERS) - {folder, "lint"}
        if "all" in may
        else frozenset(re.findall(r"\w+", may))
        for folder, may in rows
        if folder in CODE_FOLDERS
    }
    enforced = {f: MAY_IMPORT[f] - {f, "ubertruck"} for f in CODE_FOLDERS}

    assert told == enforced


def test_every_decision_has_all_its_parts() -> None:
    _, _, decisions = _architecture().partition("\n## Decisions\n")
    records = decisions.split("\n### ")[1:]
    lacking = [r.splitlines()[0] for r in records if not all(p in r for p in DECISION_PARTS)]

    assert records
    assert lacking == []


def test_make_targets_in_papers_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = {t for paper in PAPERS for t in re.findall(r"\bmake (\w+)`", paper.text)}

    assert told <= targets


def test_readme_is_one_screen() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 90
