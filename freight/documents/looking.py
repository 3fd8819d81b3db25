"""What a file really is: told by its bytes, whole, alone, and without what could act or betray."""

from __future__ import annotations

from freight.documents import anatomy
from freight.documents.active import (
    refuse_active_pdf,
    refuse_anywhere,
    refuse_behind,
    refuse_in_words,
)
from freight.documents.positions import without_positions
from freight.documents.rules import Form, Positions
from freight.refusal import Refusal

# Other names that clients give to the same forms; the last says that they do not know.
_ALSO_CALLED = {"image/jpg": Form.JPEG, "image/pjpeg": Form.JPEG, "image/heif": Form.HEIC}
UNTOLD = frozenset({"", "application/octet-stream"})
_PDF_HEAD, _PDF_END, _PDF_END_WITHIN = b"%PDF-", b"%%EOF", 1024
_WALKED = {
    Form.JPEG: anatomy.of_jpeg,
    Form.PNG: anatomy.of_png,
    Form.WEBP: anatomy.of_webp,
    Form.HEIC: anatomy.of_heic,
}


def form_of(content: bytes) -> Form | None:
    """By its first bytes; None: nothing that is taken."""
    if content.startswith(b"\xff\xd8\xff"):
        return Form.JPEG
    if content.startswith(anatomy.PNG_HEAD):
        return Form.PNG
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return Form.WEBP
    if content[4:8] == b"ftyp":
        size = int.from_bytes(content[:4], "big")
        end = min(size, 200)  # fixed: nobody names more
        brands = {content[at : at + 4] for at in (8, *range(16, end, 4))}
        return Form.HEIC if brands & anatomy.HEIF_BRANDS else None
    return Form.PDF if content.startswith(_PDF_HEAD) else None


def declared_form(told: str) -> Form | None:
    """Of a content type; None: it names none that is taken."""
    name = told.partition(";")[0].strip().lower()
    return _ALSO_CALLED.get(name) or next((form for form in Form if form == name), None)


def looked_at(content: bytes, told: str, positions: Positions) -> tuple[Form, bytes]:
    """Its form and what is kept of it; raises Refusal for what is not what it says."""
    form = form_of(content)
    if form is None:
        names = ", ".join(Form)
        raise Refusal("unknown_form", f"this is none of the forms that are taken: {names}")
    name = told.partition(";")[0].strip().lower()
    if name not in UNTOLD and declared_form(told) is not form:
        raise Refusal("other_form", f"it says {name}, and is {form}")
    if form is Form.PDF:
        _refuse_broken_pdf(content)
        refuse_active_pdf(content)
        kept = content
    else:
        body = _WALKED[form](content)
        refuse_in_words(content, body.words)
        refuse_behind(content, body.end)
        if form is Form.HEIC:
            refuse_anywhere(content)
        kept = content[: body.end]
    if positions is Positions.STRIP:
        kept = without_positions(kept)
        kept = anatomy.resummed(kept) if form is Form.PNG else kept
    return form, kept


def _refuse_broken_pdf(content: bytes) -> None:
    """A web page may not stand before it, and not much behind it."""
    end = content.rfind(_PDF_END)
    if end < 0 or len(content) - end > _PDF_END_WITHIN:
        raise Refusal("broken_document", "the file is not whole: its end is missing")
    refuse_behind(content, end)
