"""Tax documents as sheets: what the law wants to stand on each, in the reader's language."""

from __future__ import annotations

from freight.invoices.documents import (
    Consignment,
    Document,
    DocumentKind,
    DocumentLine,
    PartyBlock,
    Text,
    Transport,
)
from freight.tax.words import grouped, rupees
from serve.printing.sheet import Block, Column, Pair, Row, Sheet, Sum, Table, qr_svg
from serve.printing.words import Language, Words, words

BP_PER_PERCENT = 100  # fixed: what the words mean
M_PER_KM = 1000  # fixed: what the words mean
# Half of the rate that a line shows.
HALVES = frozenset({"cgst", "sgst", "utgst"})


def sheet_of(document: Document, language: Language, accent: str) -> Sheet:
    said = words(language)
    is_consignment = document.kind is DocumentKind.CONSIGNMENT_NOTE
    return Sheet(
        lang=language,
        title=said.titles[document.kind],
        number=document.number,
        issuer=party_block(said, "billed_by", document.seller),
        head=_head(document, said),
        blocks=_blocks(document, said),
        facts=_facts(document, said),
        tables=_tables(document, said),
        sums=_sums(document, said),
        words=_in_words(document, language, said),
        notes=tuple(_noted(text, language) for text in document.texts),
        signatures=_signatures(document, said, is_consignment=is_consignment),
        copies=_copies(document, said),
        qr=qr_svg(document.qr),
        page=said.labels["page"],
        foot=said.labels["printed"],
        accent=accent,
    )


def money(amount_minor: int) -> str:
    return f"₹ {rupees(amount_minor)}"


def day(iso: str) -> str:
    """As it is written in India: 21-11-2026."""
    year, month, date = iso[:10].split("-")
    return f"{date}-{month}-{year}"


def percent(rate_bp: int) -> str:
    whole, rest = divmod(rate_bp, BP_PER_PERCENT)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".") + " %"


def _pairs(said: Words, *given: tuple[str, str | None]) -> tuple[Pair, ...]:
    """Only what there is."""
    return tuple((said.labels[key], value) for key, value in given if value)


def party_block(said: Words, label: str, party: PartyBlock) -> Block:
    address = party.address
    last = " ".join(part for part in (address.state_name or address.state, address.pin) if part)
    ids = _pairs(said, ("gstin", party.gstin), ("pan", party.pan))
    if party.gstin is None:
        ids = ((said.labels["gstin"], said.labels["unregistered"]), *ids)
    lines = (*address.lines, *((last,) if last else ()))
    return Block(said.labels[label], party.name, lines, ids)


def _head(document: Document, said: Words) -> tuple[Pair, ...]:
    place = document.place_of_supply_name or document.place_of_supply
    if document.place_of_supply_name and document.place_of_supply:
        place = f"{document.place_of_supply_name} ({document.place_of_supply})"
    against = ", ".join(f"{one.number} ({day(one.date)})" for one in document.references)
    return _pairs(
        said,
        ("number", document.number),
        ("date", day(document.date)),
        ("due_on", None if document.due_on is None else day(document.due_on)),
        ("place_of_supply", place),
        ("reverse_charge", said.is_so(document.is_reverse_charge)),
        ("booking", document.booking),
        ("leg", document.leg),
        ("against", against),
        ("reason", document.reason),
    )


def _blocks(document: Document, said: Words) -> tuple[Block, ...]:
    transport = document.transport
    if document.kind is DocumentKind.CONSIGNMENT_NOTE and transport is not None:
        return (
            party_block(said, "consignor", transport.consignor),
            party_block(said, "consignee", transport.consignee),
            party_block(said, "billed_to", document.buyer),
        )
    billed = party_block(said, "billed_to", document.buyer)
    if transport is None:
        return (billed,)
    others = [
        party_block(said, label, party)
        for label, party in (
            ("consignor", transport.consignor),
            ("consignee", transport.consignee),
        )
    ]
    return (billed, *others)


def _facts(document: Document, said: Words) -> tuple[Pair, ...]:
    transport = document.transport
    if transport is None:
        return ()
    own = _pairs(
        said,
        ("from", transport.origin),
        ("to", transport.destination),
        ("vehicles", ", ".join(transport.vehicles)),
        ("eway_bills", ", ".join(transport.eway_bills)),
        ("consignment_notes", ", ".join(transport.consignment_notes)),
        ("distance", _distance(transport, said)),
        ("weight", _kg(transport.gross_weight_kg, said)),
        ("charged_weight", _kg(transport.charged_weight_kg, said)),
        ("loaded_on", None if transport.loaded_on is None else day(transport.loaded_on)),
        ("delivered_on", None if transport.delivered_on is None else day(transport.delivered_on)),
        ("liable_for_tax", _liable(document, transport)),
    )
    consignment = document.consignment
    more = () if consignment is None else _consignment_facts(consignment, said)
    return (*own, *more, *transport.references)


def _consignment_facts(given: Consignment, said: Words) -> tuple[Pair, ...]:
    declared, limit = given.declared_value_minor, given.liability_limit_minor
    hazard = (given.hazard or said.is_so(True)) if given.is_hazardous else None
    condition = given.received_in_good_order
    return _pairs(
        said,
        ("risk", said.values[f"risk_{given.risk}"]),
        ("terms", said.values[f"terms_{given.terms}"]),
        ("declared_value", None if declared is None else money(declared)),
        ("liability_limit", None if limit is None else money(limit)),
        ("goods_invoices", ", ".join(given.invoice_numbers)),
        ("private_marks", given.private_marks),
        ("hazard", hazard),
        ("driver", given.driver),
        ("condition", None if condition is None else said.is_so(condition)),
    )


def _liable(document: Document, transport: Transport) -> str | None:
    """By name where the document names who it is."""
    if transport.liable_for_tax is None:
        return None
    known = (document.seller, document.buyer, transport.consignor, transport.consignee)
    name = next((one.name for one in known if one.party == transport.liable_for_tax), None)
    told = name or transport.liable_for_tax
    return told if transport.liable_gstin is None else f"{told} ({transport.liable_gstin})"


def _distance(transport: Transport, said: Words) -> str | None:
    if transport.distance_m is None:
        return None
    return f"{grouped(round(transport.distance_m / M_PER_KM))} {said.units['km']}"


def _kg(weight_kg: int | None, said: Words) -> str | None:
    return None if weight_kg is None else f"{grouped(weight_kg)} {said.units['kg']}"


# ------------------------------------------------------------------------------------ tables


def _tables(document: Document, said: Words) -> tuple[Table, ...]:
    found = []
    transport = document.transport
    if transport is not None and transport.items:
        found.append(_goods(transport, said))
    if document.lines:
        found.append(_charges(document, said))
    return tuple(found)


def _goods(transport: Transport, said: Words) -> Table:
    label = said.labels
    columns = (
        Column(label["nr"], "22pt"),
        Column(label["description"], "1fr"),
        Column(label["hsn"], "55pt"),
        Column(label["packing"], "70pt"),
        Column(label["packages"], "55pt", True),
        Column(label["weight"], "80pt", True),
    )
    rows = tuple(
        Row(
            (
                str(nr),
                item.description,
                item.hsn or "",
                item.packing or "",
                "" if item.packages is None else grouped(item.packages),
                _kg(item.weight_kg, said) or "",
            )
        )
        for nr, item in enumerate(transport.items, 1)
    )
    return Table(columns, rows)


def _charges(document: Document, said: Words) -> Table:
    label = said.labels
    columns = (
        Column(label["nr"], "22pt"),
        Column(label["description"], "1fr"),
        Column(label["sac"], "48pt"),
        Column(label["taxable"], "82pt", True),
        Column(label["rate"], "46pt", True),
        Column(label["tax"], "74pt", True),
        Column(label["amount"], "86pt", True),
    )
    return Table(columns, tuple(_charge(line) for line in document.lines))


def _charge(line: DocumentLine) -> Row:
    cells = (
        str(line.nr),
        line.description,
        line.sac,
        rupees(line.taxable_minor),
        percent(line.rate_bp),
        rupees(line.tax_minor),
        rupees(line.taxable_minor + line.tax_minor),
    )
    details = tuple(f"{one.text}: {money(one.amount_minor)}" for one in line.details)
    quantity = () if line.quantity is None else (line.quantity,)
    return Row(cells, (*quantity, *details))


# -------------------------------------------------------------------------------------- sums


def _sums(document: Document, said: Words) -> tuple[Sum, ...]:
    if not document.lines:
        return ()
    label = said.labels
    found = [Sum(label["taxable_total"], money(document.taxable_minor))]
    for tax in document.taxes:
        rate_bp = tax.rate_bp // 2 if tax.name in HALVES else tax.rate_bp
        found.append(Sum(f"{label[tax.name]} {percent(rate_bp)}", money(tax.amount_minor)))
    if document.round_off_minor:
        found.append(Sum(label["round_off"], money(document.round_off_minor)))
    found.append(Sum(label["total"], money(document.total_minor), True))
    taken_up = sum(tax.amount_minor for one in document.references for tax in one.taken_up)
    if taken_up:
        found.append(Sum(label["taken_up"], money(taken_up)))
    if document.reverse_charge_minor:
        found.append(Sum(label["reverse_charge_tax"], money(document.reverse_charge_minor)))
    return tuple(found)


def _in_words(document: Document, language: Language, said: Words) -> Pair | None:
    told = document.words_hi if language is Language.HINDI else document.words_en
    return (said.labels["in_words"], told) if told and document.lines else None


def _noted(text: Text, language: Language) -> str:
    """What nobody has translated is said as it is."""
    return (text.hi if language is Language.HINDI else None) or text.en


def _signatures(document: Document, said: Words, *, is_consignment: bool) -> tuple[Pair, ...]:
    ours = (f"{said.labels['for']} {document.seller.name}", said.labels["signature"])
    if not is_consignment:
        return (ours,)
    return (("", said.labels["received_by"]), ("", said.labels["driver_signature"]), ours)


def _copies(document: Document, said: Words) -> tuple[str, ...]:
    given = () if document.consignment is None else document.consignment.copies
    return tuple(said.copies.get(name, name) for name in given) or ("",)
