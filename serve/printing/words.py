"""The words of printed papers in the languages that they are printed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

import msgspec
import yaml

FILE = Path(__file__).with_suffix(".yaml")


class Language(StrEnum):
    ENGLISH = "en"
    HINDI = "hi"


@dataclass(frozen=True, slots=True)
class Words:
    titles: Mapping[str, str]
    labels: Mapping[str, str]
    values: Mapping[str, str]
    units: Mapping[str, str]
    copies: Mapping[str, str]
    sections: Mapping[str, str]
    heads: Mapping[str, str]
    statuses: Mapping[str, str]

    def is_so(self, is_so: bool) -> str:
        return self.values["yes" if is_so else "no"]


@cache  # as many as there are languages
def words(language: Language) -> Words:
    """Read once: they belong to the program, as its templates do."""
    said = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return msgspec.convert(said[language], Words)
