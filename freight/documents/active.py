"""Finds what would act when a file is opened: programs, scripts, and files hidden in others."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from freight.refusal import Refusal

# So long that no picture has them by chance; the short ones count only where there are words.
_LONG = (b"%pdf-", b"<script", b"<html", b"<!doctype", b"<?php", b"<iframe", b"javascript:")
_SHORT = (b"<svg", b"pk\x03\x04")
_BEGINNINGS = re.compile(rb"PK\x03\x04|\x7fELF|MZ|Rar!|7z\xbc\xaf|<svg|#!", re.IGNORECASE)
_BEGINS_WITHIN = 64
_END_OF_ZIP, _END_OF_ZIP_WITHIN = b"PK\x05\x06", 70_000
_ESCAPED = re.compile(rb"#([0-9a-fA-F]{2})")
_PDF_ACTS = re.compile(
    rb"/(JavaScript|Launch|EmbeddedFiles?|RichMedia|Rendition|XFA(?=\s*[\[\d])|SubmitForm"
    rb"|ImportData|GoToE|Movie|Sound|Encrypt)(?![A-Za-z0-9])"
)
_COMPRESSED_OBJECTS = re.compile(rb"/ObjStm(?![A-Za-z0-9])")
_STREAM = re.compile(rb"stream\r?\n")
_DICTIONARY_BYTES = 2000  # fixed: those of streams are a few dozen
_FLATE = re.compile(rb"/Filter\s*(?:/FlateDecode|\[\s*/FlateDecode\s*\])")
_OTHER_FILTER = re.compile(rb"/Filter|/DecodeParms|/F(?![A-Za-z])")
_INFLATED_MAX = 50_000_000  # fixed: against files that grow without end when they are opened


def refuse_in_words(content: bytes, words: list[tuple[int, int]]) -> None:
    """In what a picture says beside its pixels."""
    if any(_has(content[start:end], (*_LONG, *_SHORT)) for start, end in words):
        raise Refusal("active_document", "there is something else in what the picture says of it")


def refuse_anywhere(content: bytes) -> None:
    """Where words and pixels cannot be told apart."""
    if _has(content, _LONG):
        raise Refusal("active_document", "there is something else in the file")


def refuse_behind(content: bytes, end: int) -> None:
    """Phones put small films behind pictures, which may go; other files may not come along."""
    is_other = (
        _has(content[end:], _LONG)
        or _BEGINNINGS.search(content, end, end + _BEGINS_WITHIN)
        or content.find(_END_OF_ZIP, max(end, len(content) - _END_OF_ZIP_WITHIN)) >= 0
    )
    if is_other:
        raise Refusal("active_document", "another file is hidden behind its end")


def _has(part: bytes, beginnings: tuple[bytes, ...]) -> bool:
    """In any case of letters. One pattern of them all would take a hundred times as long."""
    lower = part.lower()
    return any(one in lower for one in beginnings)


def refuse_active_pdf(content: bytes) -> None:
    for part in (content, *_opened_parts(content)):
        found = _PDF_ACTS.search(_plain_names(part))
        if found is None:
            continue
        name = found[1].decode()
        if name == "Encrypt":
            raise _closed()
        raise Refusal("active_document", f"this PDF would act when it is opened ({name})")


def _plain_names(part: bytes) -> bytes:
    """Names may be written in numbers: /J#61vaScript."""
    return _ESCAPED.sub(lambda found: bytes((int(found[1], 16),)), part)


def _opened_parts(content: bytes) -> Iterator[bytes]:
    """Objects that lie compressed in the file; of what cannot be opened nothing is believed."""
    told = len(_COMPRESSED_OBJECTS.findall(_plain_names(content)))
    left = _INFLATED_MAX
    for found in _STREAM.finditer(content) if told else ():
        start = found.start()
        if content[start - 3 : start] == b"end":
            continue
        about = content[max(start - _DICTIONARY_BYTES, 0) : start]
        about = _plain_names(about[about.rfind(b"obj") :])
        if not _COMPRESSED_OBJECTS.search(about):
            continue
        told -= 1
        end = content.find(b"endstream", found.end())
        inside = content[found.end() : max(end, 0)]
        if _OTHER_FILTER.search(_FLATE.sub(b"", about, count=1)):
            raise _closed()
        if _FLATE.search(about):
            inside = _inflated(inside, left)
            left -= len(inside)
        yield inside
    if told > 0:
        raise _closed()


def _inflated(packed: bytes, most: int) -> bytes:
    opener = zlib.decompressobj()
    try:
        inside = opener.decompress(packed, most)
    except zlib.error:
        raise _closed() from None
    if not opener.eof:
        raise _closed()
    return inside


def _closed() -> Refusal:
    detail = "this PDF is encrypted, or parts of it cannot be looked into"
    return Refusal("active_document", detail)
