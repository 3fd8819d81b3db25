"""Where a picture ends, and which parts of it are words: walked as its form says, part by part."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass, field

from freight.refusal import Refusal

PNG_HEAD = b"\x89PNG\r\n\x1a\n"
# What a file of pictures in HEIF's boxes may be made of.
_BOXES = frozenset({b"ftyp", b"meta", b"mdat", b"free", b"skip", b"moov", b"uuid", b"mpvd"})
HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"})
_PNG_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt", b"eXIf"})
_WEBP_TEXTS = frozenset({b"EXIF", b"XMP "})
# In scans a marker's byte is followed by a zero, or by a number that counts restarts.
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_START_OF_SCAN, _END, _STANDALONE = 0xDA, 0xD9, frozenset({0x01, *range(0xD0, 0xD8)})
_TEXT_SEGMENTS = frozenset({*range(0xE0, 0xF0), 0xFE})


@dataclass(slots=True)
class Anatomy:
    end: int = 0
    words: list[tuple[int, int]] = field(default_factory=list)  # from, to: what is not picture


def of_jpeg(content: bytes) -> Anatomy:
    found, at = Anatomy(), 2
    while True:
        at = content.find(b"\xff", at)
        while 0 <= at < len(content) - 1 and content[at + 1] == 0xFF:
            at += 1
        if not 0 <= at < len(content) - 1:
            raise _broken("its end is missing")
        marker, at = content[at + 1], at + 2
        if marker == _END:
            found.end = at
            return found
        if marker in _STANDALONE:
            continue
        size = _number(">H", content, at)
        if marker in _TEXT_SEGMENTS:
            found.words.append((at + 2, at + size))
        at += size
        if marker == _START_OF_SCAN:
            scanned = _END_OF_SCAN.search(content, at)
            if scanned is None:
                raise _broken("its end is missing")
            at = scanned.start()


def of_png(content: bytes) -> Anatomy:
    found, at = Anatomy(), len(PNG_HEAD)
    while True:
        size, kind = _number(">I", content, at), content[at + 4 : at + 8]
        end = at + 12 + size
        if end > len(content):
            raise _broken("its end is missing")
        if zlib.crc32(content[at + 4 : end - 4]) != _number(">I", content, end - 4):
            raise _broken(f"its part {kind!r} does not add up")
        if kind in _PNG_TEXTS:
            found.words.append((at + 8, end - 4))
        at = end
        if kind == b"IEND":
            found.end = end
            return found


def of_webp(content: bytes) -> Anatomy:
    found, at = Anatomy(8 + _number("<I", content, 4)), 12
    if found.end > len(content):
        raise _broken("its end is missing")
    while at + 8 <= found.end:
        kind, size = content[at : at + 4], _number("<I", content, at + 4)
        if at + 8 + size > found.end:
            raise _broken("a part is longer than it is")
        if kind in _WEBP_TEXTS:
            found.words.append((at + 8, at + 8 + size))
        at += 8 + size + size % 2
    return found


def of_heic(content: bytes) -> Anatomy:
    """Its words lie among the pictures; what is no box of it is behind its end."""
    at, seen = 0, set()
    while at + 8 <= len(content) and content[at + 4 : at + 8] in _BOXES:
        size = _number(">I", content, at)
        if size == 1:
            size = _number(">Q", content, at + 8)
        elif size == 0:
            size = len(content) - at
        if size < 8 or at + size > len(content):  # fixed: a box has a head of eight bytes
            raise _broken("its end is missing")
        seen.add(content[at + 4 : at + 8])
        at += size
    if not {b"meta", b"mdat"} <= seen:
        raise _broken("its pictures are missing")
    return Anatomy(at)


def resummed(content: bytes) -> bytes:
    """A PNG whose parts were changed, adding up again, without texts that nobody can look into."""
    parts, at = [PNG_HEAD], len(PNG_HEAD)
    while at < len(content):
        end = at + 12 + _number(">I", content, at)
        kind, inside = content[at + 4 : at + 8], content[at + 8 : end - 4]
        is_hidden = kind == b"zTXt" or (kind in _PNG_TEXTS and b"Raw profile type" in inside)
        if kind == b"iTXt":
            name, _, rest = inside.partition(b"\0")
            is_hidden = is_hidden or rest[:1] == b"\1" or not name
        if not is_hidden:
            parts.append(content[at : end - 4])
            parts.append(zlib.crc32(content[at + 4 : end - 4]).to_bytes(4, "big"))
        at = end
    return b"".join(parts)


def _number(form: str, content: bytes, at: int) -> int:
    try:
        found: int = struct.unpack_from(form, content, at)[0]
    except struct.error:
        raise _broken("its end is missing") from None
    return found


def _broken(why: str) -> Refusal:
    return Refusal("broken_document", f"the file is not whole: {why}")
