"""Settlement statements as sheets: what the carrier earned, what is taken off, what is left."""

from __future__ import annotations

from datetime import datetime

from freight.invoices.documents import PartyBlock
from freight.settlements.state import Line
from freight.settlements.statement import Section, Statement
from freight.tax.calendar import INDIA
from freight.tax.words import in_english, in_hindi, rupees
from serve.printing.layout import day, money, party_block, percent
from serve.printing.sheet import Column, Pair, Row, Sheet, Sum, Table
from serve.printing.words import Language, Words, words

MS_PER_S = 1000


def statement_sheet(
    statement: Statement, issuer: PartyBlock, carrier: PartyBlock, language: Language, accent: str
) -> Sheet:
    said = words(language)
    balance_minor = statement.balance_minor
    in_words = in_hindi if language is Language.HINDI else in_english
    return Sheet(
        lang=language,
        title=said.titles["settlement"],
        number=statement.settlement,
        issuer=party_block(said, "billed_by", issuer),
        head=_head(statement, said),
        blocks=(party_block(said, "carrier", carrier),),
        tables=(_table(statement, said),),
        sums=_sums(statement, said),
        words=(said.labels["in_words"], in_words(abs(balance_minor))),
        signatures=((f"{said.labels['for']} {issuer.name}", said.labels["signature"]),),
        page=said.labels["page"],
        foot=said.labels["printed"],
        accent=accent,
    )


def _head(statement: Statement, said: Words) -> tuple[Pair, ...]:
    given = (
        ("number", statement.settlement),
        ("status", said.statuses[statement.status]),
        ("booking", statement.booking),
        ("leg", statement.leg),
        ("truck", statement.truck),
        ("period", statement.cycle),
        ("approved_on", _day(statement.approved_ms)),
        ("paid_on", _day(statement.paid_ms)),
        ("utr", statement.utr),
    )
    return tuple((said.labels[key], value) for key, value in given if value)


def _day(at_ms: int | None) -> str | None:
    """In India."""
    if at_ms is None:
        return None
    return day(datetime.fromtimestamp(at_ms / MS_PER_S, INDIA).date().isoformat())


def _table(statement: Statement, said: Words) -> Table:
    label = said.labels
    columns = (
        Column(label["description"], "1fr"),
        Column(label["booking"], "150pt"),
        Column(label["amount"], "100pt", True),
    )
    rows = [row for section in statement.sections for row in _rows(section, said)]
    return Table(columns, tuple(rows), description=0)


def _rows(section: Section, said: Words) -> list[Row]:
    heading = Row((said.sections[section.name], "", rupees(section.total_minor)), is_heading=True)
    return [heading, *(_row(line, said) for line in section.lines)]


def _row(line: Line, said: Words) -> Row:
    about = " / ".join(part for part in (line.booking, line.leg) if part)
    more = [text for text in (line.memo, line.reason) if text]
    if line.base_minor is not None and line.rate_bp is not None:
        code = "" if line.code is None else f"{line.code}: "
        more.append(f"{code}{money(line.base_minor)} @ {percent(line.rate_bp)}")
    return Row((said.heads[line.head], about, rupees(line.amount_minor)), tuple(more))


def _sums(statement: Statement, said: Words) -> tuple[Sum, ...]:
    label, balance_minor = said.labels, statement.balance_minor
    last = label["balance"] if balance_minor >= 0 else label["balance_owed"]
    return (
        Sum(label["earned_total"], money(statement.gross_minor)),
        Sum(last, money(abs(balance_minor)), True),
    )
