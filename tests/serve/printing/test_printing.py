"""Papers say what their documents say, in both languages, page by page, always the same."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pypdfium2
import pytest
import zxingcpp
from msgspec.structs import replace

from config.policy import defaults
from config.sections.printing import Printing
from freight.invoices.documents import DocumentKind, Reference
from freight.invoices.drafting import advance_receipt, credit_note
from freight.settlements.state import Head, Status
from serve.printing.layout import day, percent, sheet_of
from serve.printing.printer import Printer
from serve.printing.sheet import Sheet, qr_svg
from serve.printing.statements import statement_sheet
from serve.printing.words import Language, Words, words
from serve.problems import UnavailableError
from tests.freight.invoices.papers import BOOK, DAY, NEIGHBOUR, PUNE, invoice, issued, supply
from tests.serve.printing.printed import RAVI, lorry_receipt, statement

ACCENT = defaults().printing.accent
EN, HI = Language.ENGLISH, Language.HINDI


class Pages:
    """A PDF as a reader sees it."""

    def __init__(self, content: bytes) -> None:
        self._document = pypdfium2.PdfDocument(content)

    def __len__(self) -> int:
        return len(self._document)

    def text(self, page: int = 0) -> str:
        said: str = self._document[page].get_textpage().get_text_range()
        return said.replace("\r\n", "\n")

    def codes(self, page: int = 0) -> list[str]:
        """What the QR codes on it say."""
        image = self._document[page].render(scale=3).to_numpy()
        return [found.text for found in zxingcpp.read_barcodes(image)]

    def boxes(self, of: str, page: int = 0) -> list[tuple[float, ...]]:
        """Where each letter of a word stands, the first time that it does."""
        layer = self._document[page].get_textpage()
        first = layer.get_text_range().index(of)
        return [layer.get_charbox(at) for at in range(first, first + len(of))]

    @property
    def title(self) -> str:
        return str(self._document.get_metadata_dict()["Title"])


def limits(**changed: int) -> Printing:
    return defaults().printing.model_copy(update=changed)


@pytest.fixture(scope="module")
def printer() -> Iterator[Printer]:
    made = Printer(limits)
    yield made
    made.close()


async def printed(printer: Printer, sheet: Sheet) -> Pages:
    return Pages(await printer.pdf(sheet))


async def test_an_invoice_says_its_amounts_and_its_code(printer: Printer) -> None:
    document = issued(invoice((50_000_00, 12_34_567_89)))
    pages = await printed(printer, sheet_of(document, EN, ACCENT))
    said = pages.text()

    assert len(pages) == 1
    assert pages.title == "Tax invoice IN/26-27/0000001"
    for text in (
        *("Tax invoice", "IN/26-27/0000001", "21-11-2026", "Maharashtra (27)"),
        *("Deccan Roadlines", "27AAPFU0939F1ZV", "Neighbour Private Limited", "27AABCU9603R1ZN"),
        *("MH12AB1234", "Steel coils", "9,000 kg", "996511", "50,000.00", "12,34,567.89", "18 %"),
        *("CGST 9 %", "SGST 9 %", "Page 1 of 1"),
    ):
        assert text in said, text
    # 12 84 567.89 and 18 % of it, in whole rupees.
    assert "15,15,790.00" in said
    assert "Rupees Fifteen Lakh Fifteen Thousand Seven Hundred Ninety Only" in said
    (code,) = pages.codes()
    assert code == document.qr
    assert json.loads(code)["TotInvVal"] == "1515790.00"


async def test_it_says_the_same_in_hindi(printer: Printer) -> None:
    document = issued(invoice())
    pages = await printed(printer, sheet_of(document, HI, ACCENT))
    said = pages.text()

    assert pages.title == "कर बीजक IN/26-27/0000001"
    assert "59,000.00" in said
    for word in ("कर", "बीजक", "दिनांक", "वाहन", "हज़ार", "रुपये", "मात्र"):
        assert word[0] in said, word
    assert pages.codes() == [document.qr]
    assert "\ufffd" not in said


async def test_letters_join_as_devanagari_wants_them(printer: Printer) -> None:
    """Half a letter and the sign that halves it are one glyph."""
    pages = await printed(printer, sheet_of(lorry_receipt(), HI, ACCENT))

    half, sign = pages.boxes("बिल्टी")[2:4]
    assert half == sign


async def test_what_is_owed_by_reverse_charge_is_beside_the_total(printer: Printer) -> None:
    document = issued(invoice(mode="gta_rcm_5"))
    said = (await printed(printer, sheet_of(document, EN, ACCENT))).text()

    assert document.is_reverse_charge
    assert "Tax is payable on reverse charge" in said
    assert "50,000.00" in said
    assert "Tax payable by the recipient" in said
    assert "2,500.00" in said


async def test_vouchers_and_notes_say_what_they_are_about(printer: Printer) -> None:
    receipt = issued(
        advance_receipt(
            BOOK,
            cause="bk-1/advance",
            seller=PUNE,
            buyer=NEIGHBOUR,
            supply=supply(),
            amount_minor=11_800_00,
            description="Advance for bk-1",
        )
    )
    billed = issued(invoice())
    note = issued(
        credit_note(BOOK, billed, cause="n", reason="Short landing", day=DAY, amount_minor=1_180_00)
    )
    about = Reference(receipt.id, receipt.kind, receipt.number, receipt.date, receipt.taxes)
    taken = replace(invoice(), references=(about,))
    taking = (await printed(printer, sheet_of(issued(taken), EN, ACCENT))).text()
    assert "Of it, tax on advances already paid" in taking
    assert "1,800.00" in taking
    assert "RV/26-27/0000001 (21-11-2026)" in taking
    voucher = await printed(printer, sheet_of(receipt, EN, ACCENT))
    credit = await printed(printer, sheet_of(note, HI, ACCENT))

    assert voucher.title == "Receipt voucher RV/26-27/0000001"
    for text in ("Advance for bk-1", "10,000.00", "11,800.00", "900.00"):
        assert text in voucher.text(), text
    assert credit.title == "क्रेडिट नोट CN/26-27/0000001"
    for text in ("IN/26-27/0000001 (21-11-2026)", "Short landing", "1,180.00"):
        assert text in credit.text(), text


async def test_a_long_one_repeats_its_heads_and_adds_up_once(printer: Printer) -> None:
    document = issued(invoice([1000_00 + n for n in range(100)]))
    pages = await printed(printer, sheet_of(document, EN, ACCENT))

    assert len(pages) == 3
    for page in range(len(pages)):
        assert "Taxable value" in pages.text(page)
        assert f"Page {page + 1} of 3" in pages.text(page)
    assert sum(pages.text(page).count("CGST 9 %") for page in range(3)) == 1
    assert "1,000.99" in pages.text(2)


async def test_the_same_sheet_gives_the_same_bytes(printer: Printer) -> None:
    sheets = [sheet_of(issued(invoice()), language, ACCENT) for language in Language]
    other = Printer(limits)
    try:
        for sheet in sheets:
            assert await printer.pdf(sheet) == await printer.pdf(sheet) == await other.pdf(sheet)
        assert await printer.pdf(sheets[0]) != await printer.pdf(sheets[1])
    finally:
        other.close()


async def test_a_consignment_note_comes_in_all_its_copies(printer: Printer) -> None:
    document = lorry_receipt()
    english = await printed(printer, sheet_of(document, EN, ACCENT))
    hindi = await printed(printer, sheet_of(document, HI, ACCENT))

    assert (len(english), len(hindi)) == (3, 3)
    for page, copy in enumerate(("Consignor", "Consignee", "Carrier")):
        said = english.text(page)
        assert f"LR26-27/0000042\n{copy}" in said
        assert "Page 1 of 1" in said
        for text in (
            *("HR steel coils", "18,400 kg", "7208", "841 km", "12,34,567.00", "Owner's risk"),
            *("181234567890", "Suresh Patil", "NPL/1182", "N-77", "4711", "20,000 kg"),
        ):
            assert text in said, text
        assert english.codes(page) == [document.qr]


async def test_a_settlement_says_all_of_its_parts(printer: Printer) -> None:
    sheet = statement_sheet(statement(), PUNE, RAVI, EN, ACCENT)
    said = (await printed(printer, sheet)).text()

    for text in (
        *("Settlement statement", "Ravi Transport", "AAAPL1234C", "HDFCN52026112100001"),
        *("Earned", "43,500.00", "-10,000.00", "-1,071.00", "153 kg of cement"),
        *("194C", "43,500.00 @ 2 %", "-870.00", "31,063.40"),
        "Rupees Thirty One Thousand Sixty Three and Paise Forty Only",
    ):
        assert text in said, text
    parts = [row.cells[-1] for row in sheet.tables[0].rows if row.is_heading]
    assert parts == ["43,500.00", "-10,000.00", "-495.60", "-1,071.00", "-870.00"]


async def test_names_are_printed_as_they_are_and_do_nothing(printer: Printer) -> None:
    """Whatever stands in a name is text: no markup, no code, no link to a file."""
    nasty = '#read("/etc/passwd") *bold* <b> $x$ \\ @ref "q"'
    draft = invoice()
    document = issued(replace(draft, seller=replace(draft.seller, name=nasty)))

    assert nasty in (await printed(printer, sheet_of(document, EN, ACCENT))).text()


async def test_who_would_wait_behind_too_many_is_sent_away() -> None:
    few = Printer(lambda: limits(waiting_max=2, threads=1))
    sheet = sheet_of(issued(invoice()), EN, ACCENT)
    try:
        asked = await asyncio.gather(*(few.pdf(sheet) for _ in range(4)), return_exceptions=True)
        assert [type(one) for one in asked] == [bytes, bytes, UnavailableError, UnavailableError]
        assert isinstance(await few.pdf(sheet), bytes)
    finally:
        few.close()


def test_both_languages_have_words_for_everything() -> None:
    english, hindi = words(EN), words(HI)
    for name in ("titles", "labels", "values", "units", "sections", "heads", "statuses"):
        assert getattr(english, name).keys() == getattr(hindi, name).keys(), name
    assert {*DocumentKind, "settlement"} == english.titles.keys()
    assert set(Head) <= english.heads.keys()
    assert set(Status) <= english.statuses.keys()
    assert isinstance(english, Words)


def test_figures_are_written_as_in_india() -> None:
    assert day("2026-03-09T00:00:00Z") == "09-03-2026"
    assert [percent(bp) for bp in (0, 5, 250, 500, 1800, 1805)] == [
        *("0 %", "0.05 %", "2.5 %", "5 %", "18 %", "18.05 %"),
    ]


def test_nothing_has_no_code() -> None:
    assert qr_svg("") == ""
    assert qr_svg("something").startswith("<?xml")
