"""Takes out of a picture where it was taken: in place, so that all else stays as it was."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

# What pictures say of themselves in Exif begins so, whatever file it lies in.
_TIFF = (b"II\x2a\x00", b"MM\x00\x2a")
_GPS_POINTER, _LONG = 0x8825, 4
_GPS_TAG_MAX = 0x1F
_SIZE_OF = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8)  # fixed: bytes of each type of value
_ENTRY = 12
# And in XMP: attributes, or elements of their own; so far before the word they begin.
_GPS, _BACK = b"GPS", (len(b"<exif:"), len(b"exif:"), 0)
_XMP = re.compile(
    rb"""(?:exif:)?GPS[A-Za-z]{1,30}\s*=\s*(?:"[^"<>]{0,200}"|'[^'<>]{0,200}')"""
    rb"""|<exif:(GPS[A-Za-z]{1,30})>[^<>]{0,200}</exif:\1>"""
)


def without_positions(content: bytes) -> bytes:
    """As long as before."""
    changed = bytearray(content)
    for head in _TIFF:
        for start in _places(content, head):
            _blank(changed, start)
    for at in _places(content, _GPS):
        tried = (_XMP.match(content, at - back) for back in _BACK if at >= back)
        found = next((one for one in tried if one is not None), None)
        if found is not None:
            changed[found.start() : found.end()] = b" " * (found.end() - found.start())
    return bytes(changed)


def _places(content: bytes, of: bytes) -> Iterator[int]:
    """Pictures are long: a pattern would be tried at every byte of them."""
    at = content.find(of)
    while at >= 0:
        yield at
        at = content.find(of, at + 1)


def _blank(buffer: bytearray, start: int) -> None:
    """Nothing where no position is found, or what looked like Exif is something else."""
    order = "<" if buffer[start : start + 2] == b"II" else ">"
    for entry in _entries(buffer, start, _at(buffer, order + "I", start + 4), order):
        tag, kind, count, where = struct.unpack_from(order + "HHII", buffer, entry)
        if (tag, kind, count) != (_GPS_POINTER, _LONG, 1):
            continue
        positions = _entries(buffer, start, where, order)
        if positions and all(
            _at(buffer, order + "H", at) in range(_GPS_TAG_MAX + 1) for at in positions
        ):
            for at in positions:
                _blank_value(buffer, start, at, order)
            # A list without entries, and nothing behind it.
            end = start + where + 2 + len(positions) * _ENTRY
            buffer[start + where : end] = bytes(end - start - where)


def _blank_value(buffer: bytearray, start: int, entry: int, order: str) -> None:
    _, kind, count, where = struct.unpack_from(order + "HHII", buffer, entry)
    size = count * (_SIZE_OF[kind] if kind < len(_SIZE_OF) else 1)
    end = start + where + size
    if size > 4 and end <= len(buffer):  # fixed: shorter ones stand in the entry itself
        buffer[start + where : end] = bytes(size)


def _entries(buffer: bytearray, start: int, where: int | None, order: str) -> list[int]:
    """Where each entry of a list begins; none if there is no such list."""
    if where is None:
        return []
    count = _at(buffer, order + "H", start + where)
    first = start + where + 2
    if count is None or first + count * _ENTRY > len(buffer):
        return []
    return [first + number * _ENTRY for number in range(count)]


def _at(buffer: bytearray, form: str, place: int) -> int | None:
    try:
        found: int = struct.unpack_from(form, buffer, place)[0]
    except struct.error:
        return None
    return found
