"""Files are what their bytes say; whole, alone, without what acts, and without where they were."""

from __future__ import annotations

import re
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freight.documents.looking import form_of, looked_at
from freight.documents.rules import Form, Positions
from freight.refusal import Refusal
from tests.freight.documents.pictures import XMP, heic, jpeg, packed, pdf, png, tiff, webp

CATALOG = b"<< /Type /Catalog >>"
WHOLE = {
    Form.JPEG: jpeg(tiff()),
    Form.PNG: png(exif=tiff()),
    Form.WEBP: webp(tiff()),
    Form.HEIC: heic(tiff()),
    Form.PDF: pdf(CATALOG, packed(b"1 0 << /Type /Page >>")),
}


def refused(content: bytes, told: str = "") -> str:
    with pytest.raises(Refusal) as raised:
        looked_at(content, told, Positions.STRIP)
    return raised.value.code


@pytest.mark.parametrize("form", Form)
def test_each_form_is_known_by_its_bytes(form: Form) -> None:
    assert form_of(WHOLE[form]) is form
    for told in (form, f"{form}; charset=binary", "application/octet-stream", "", form.upper()):
        assert looked_at(WHOLE[form], told, Positions.KEEP) == (form, WHOLE[form])
    others = [other for other in Form if other is not form]
    assert {refused(WHOLE[form], other) for other in others} == {"other_form"}
    assert refused(WHOLE[form], "text/html") == "other_form"


@pytest.mark.parametrize("told", ["image/jpg", "image/pjpeg"])
def test_other_names_of_a_form_are_taken(told: str) -> None:
    assert looked_at(jpeg(), told, Positions.KEEP)[0] is Form.JPEG


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a" + bytes(20),
        b"<html><script>alert(1)</script></html>",
        b'<?xml version="1.0"?><svg onload="x()"/>',
        b"PK\x03\x04" + bytes(40),
        b"MZ" + bytes(60),
        b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
        b" " + WHOLE[Form.PDF],
    ],
)
def test_nothing_else_is_taken(content: bytes) -> None:
    assert refused(content) == "unknown_form"


@pytest.mark.parametrize("form", Form)
def test_half_a_file_is_refused(form: Form) -> None:
    whole = WHOLE[form]
    codes = {refused(whole[:end]) for end in range(12, len(whole) - 6, 7)}

    assert codes <= {"broken_document", "active_document", "unknown_form"}
    assert "broken_document" in codes


def test_a_png_whose_part_was_changed_is_refused() -> None:
    changed = bytearray(png())
    changed[20] ^= 1
    assert refused(bytes(changed)) == "broken_document"


@pytest.mark.parametrize("make", [jpeg, png, webp, heic])
@pytest.mark.parametrize(
    "behind",
    [
        b"PK\x03\x04rest",
        b"%PDF-1.4",
        b"  <script>x</script>",
        b"MZ\x90\0",
        b"x" * 99 + b"PK\x05\x06",
    ],
)
def test_another_file_behind_a_picture_is_refused(make: object, behind: bytes) -> None:
    assert callable(make)
    assert refused(make(behind=behind)) == "active_document"


@pytest.mark.parametrize("make", [jpeg, png, webp])
def test_a_film_behind_a_picture_is_left_out(make: object) -> None:
    assert callable(make)
    film = b"\0\0\0\x18ftypmp42" + bytes(200)

    assert looked_at(make(behind=film), "", Positions.KEEP)[1] == make()


def test_words_of_a_picture_may_not_be_a_page() -> None:
    assert refused(jpeg(comment=b"<Script>alert(1)</script>")) == "active_document"
    assert refused(jpeg(comment=b"%PDF-1.7 and so on")) == "active_document"
    assert refused(png(text=b"<?php system('x');")) == "active_document"
    assert refused(heic(b"<!DOCTYPE html>")) == "active_document"
    assert looked_at(jpeg(comment=b"unloaded 9.8 t"), "", Positions.KEEP)[0] is Form.JPEG


@pytest.mark.parametrize(
    "thing",
    [
        b"<< /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >>",
        b"<< /S /J#61vaScript >>",
        b"<< /S/Launch/F(cmd.exe) >>",
        b"<< /Names << /EmbeddedFiles 3 0 R >> >>",
        b"<< /AcroForm << /XFA [ (a) 4 0 R ] >> >>",
        b"<< /S /SubmitForm >>",
        b"<< /Subtype /RichMedia >>",
        b"<< /Encrypt 9 0 R >>",
        packed(b"1 0 << /S /JavaScript >>"),
        packed(b"1 0 << /S /J#61vaScript >>", b"/Filter [ /FlateDecode ]"),
        packed(b"1 0 <<>>", b"/Filter [/ASCIIHexDecode /FlateDecode]"),
        packed(b"1 0 <<>>", b"/Filter 7 0 R"),
        b"<< /Type /ObjStm /Filter /FlateDecode >>\nstream\nnot deflated\nendstream",
        b"<< /Type /ObjStm >> of which nothing comes",
    ],
)
def test_a_pdf_that_acts_or_hides_is_refused(thing: bytes) -> None:
    assert refused(pdf(CATALOG, thing)) == "active_document"


def test_a_pdf_that_says_harmless_things_is_taken() -> None:
    tame = pdf(CATALOG, b"<< /JS_is_no_name (not /Javascript) /Filter /FlateDecode >>")

    assert looked_at(tame, "application/pdf", Positions.STRIP) == (Form.PDF, tame)


def test_a_page_behind_a_pdf_is_refused() -> None:
    assert refused(pdf(CATALOG, behind=b"<script>x</script>")) == "active_document"
    assert refused(pdf(CATALOG, behind=b" " * 2000)) == "broken_document"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("form", [Form.JPEG, Form.WEBP, Form.HEIC, Form.PNG])
def test_the_place_goes_and_the_rest_stays(form: Form, order: str) -> None:
    exif = tiff(order)
    make = {
        Form.JPEG: jpeg(exif, xmp=XMP),
        Form.PNG: png(exif=exif),
        Form.WEBP: webp(exif),
        Form.HEIC: heic(exif),
    }[form]

    kept = looked_at(make, form, Positions.STRIP)[1]

    assert struct.pack(order + "II", 31, 1) in make
    assert struct.pack(order + "II", 31, 1) not in kept
    assert b"18,31.2N" not in kept
    assert b"Phone\0" in kept
    assert len(kept) == len(make)
    assert looked_at(kept, form, Positions.STRIP)[1] == kept, "a second time changes nothing"
    assert looked_at(make, form, Positions.KEEP)[1] == make


def test_texts_of_a_png_that_nobody_can_read_go_with_the_place() -> None:
    kept = looked_at(png(profile=True), "", Positions.STRIP)[1]

    assert kept == png()


def test_xmp_elements_are_blanked_too() -> None:
    xmp = b"<x><exif:GPSLongitude>73,51E</exif:GPSLongitude><tiff:Make>Phone</tiff:Make></x>"

    kept = looked_at(jpeg(xmp=xmp), "", Positions.STRIP)[1]

    assert b"73,51E" not in kept
    assert re.search(rb"<x> +<tiff:Make>Phone</tiff:Make></x>", kept)


@given(at=st.integers(0, 400), value=st.integers(0, 255), form=st.sampled_from(Form))
@settings(max_examples=100, deadline=None)
def test_no_changed_byte_breaks_the_looking(at: int, value: int, form: Form) -> None:
    """Whatever comes in is taken or refused by name."""
    changed = bytearray(WHOLE[form])
    changed[at % len(changed)] = value
    try:
        kept = looked_at(bytes(changed), "", Positions.STRIP)[1]
    except Refusal:
        return
    assert len(kept) <= len(changed)
