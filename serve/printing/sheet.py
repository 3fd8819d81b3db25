"""A paper as its template takes it: every word and number as it will stand there."""

from __future__ import annotations

import io

import msgspec
import segno

Pair = tuple[str, str]


class Block(msgspec.Struct, frozen=True):
    """Somebody with name and address."""

    label: str
    name: str
    lines: tuple[str, ...] = ()
    ids: tuple[Pair, ...] = ()


class Column(msgspec.Struct, frozen=True):
    text: str
    width: str  # as the template measures it
    is_number: bool = False


class Row(msgspec.Struct, frozen=True):
    cells: tuple[str, ...]
    more: tuple[str, ...] = ()  # smaller, below the description
    is_heading: bool = False  # of the rows below it: one cell over all columns, and a total


class Table(msgspec.Struct, frozen=True):
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    description: int = 1  # which column says what a row is


class Sum(msgspec.Struct, frozen=True):
    label: str
    amount: str
    is_total: bool = False


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    lang: str
    title: str
    number: str
    issuer: Block
    head: tuple[Pair, ...]
    blocks: tuple[Block, ...] = ()
    facts: tuple[Pair, ...] = ()
    tables: tuple[Table, ...] = ()
    sums: tuple[Sum, ...] = ()
    words: Pair | None = None
    notes: tuple[str, ...] = ()
    signatures: tuple[Pair, ...] = ()  # what stands below and above the line
    copies: tuple[str, ...] = ("",)  # each is printed, and marked
    qr: str = ""  # SVG
    page: str
    foot: str
    accent: str = ""


def qr_svg(payload: str) -> str:
    """Nothing for nothing."""
    if not payload:
        return ""
    drawn = io.BytesIO()
    code = segno.make(payload, error="m", micro=False)
    code.save(drawn, kind="svg", border=4, scale=1, nl=False)
    return drawn.getvalue().decode()


def written(sheet: Sheet) -> str:
    return msgspec.json.encode(sheet).decode()
