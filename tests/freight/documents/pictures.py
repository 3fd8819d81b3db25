"""Small files of every form, made byte by byte, with what a test wants in them."""

from __future__ import annotations

import struct
import zlib

PLACE = (18, 31, 12)  # degrees, minutes, seconds north of a plant near Pune


def tiff(order: str = "<", place: tuple[int, int, int] = PLACE) -> bytes:
    """Exif of two entries: who made the picture, and where."""
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    make = b"Phone\0"
    make_at = 8 + 2 + 2 * 12 + 4
    gps_at = make_at + len(make)
    degrees_at = gps_at + 2 + 2 * 12 + 4
    main = struct.pack(order + "H", 2)
    main += struct.pack(order + "HHII", 0x010F, 2, len(make), make_at)
    main += struct.pack(order + "HHII", 0x8825, 4, 1, gps_at) + bytes(4)
    gps = struct.pack(order + "H", 2)
    gps += struct.pack(order + "HHI", 1, 2, 2) + b"N\0\0\0"
    gps += struct.pack(order + "HHII", 2, 5, 3, degrees_at) + bytes(4)
    return head + main + make + gps + b"".join(struct.pack(order + "II", n, 1) for n in place)


XMP = b'<x:xmpmeta><rdf:Description exif:GPSLatitude="18,31.2N" tiff:Make="Phone"/></x:xmpmeta>'


def jpeg(exif: bytes = b"", comment: bytes = b"", behind: bytes = b"", xmp: bytes = b"") -> bytes:
    parts = [b"\xff\xd8"]
    if exif:
        parts.append(_segment(0xE1, b"Exif\0\0" + exif))
    if xmp:
        parts.append(_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp))
    if comment:
        parts.append(_segment(0xFE, comment))
    parts.append(_segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"))
    scan = b"\x12\xff\x00\x34\xff\xd0\x56<svg MZ PK\x03\x04"  # bytes that mean nothing there
    parts.append(_segment(0xDA, b"\1\1\0\0\x3f\0") + scan)
    return b"".join(parts) + b"\xff\xd9" + behind


def png(
    *, exif: bytes = b"", text: bytes = b"", behind: bytes = b"", profile: bool = False
) -> bytes:
    parts = [_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))]
    if exif:
        parts.append(_chunk(b"eXIf", exif))
    if text:
        parts.append(_chunk(b"tEXt", b"Comment\0" + text))
    if profile:
        packed = zlib.compress(b"exif 18 degrees north")
        parts.append(_chunk(b"zTXt", b"Raw profile type exif\0\0" + packed))
    parts += [_chunk(b"IDAT", zlib.compress(b"\0\x7f")), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + behind


def webp(exif: bytes = b"", behind: bytes = b"") -> bytes:
    body = (
        b"WEBP"
        + _riff(b"VP8L", b"\x2f\0\0\0\0\x88\x88\x08")
        + (_riff(b"EXIF", exif) if exif else b"")
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body + behind


def heic(exif: bytes = b"", behind: bytes = b"") -> bytes:
    boxes = [_box(b"ftyp", b"heic\0\0\0\0mif1heic"), _box(b"meta", bytes(12))]
    boxes.append(_box(b"mdat", b"\0\0\0\6Exif\0\0" + exif + b"\x26\x01\xaf"))
    return b"".join(boxes) + behind


def pdf(*objects: bytes, behind: bytes = b"") -> bytes:
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (n, one) for n, one in enumerate(objects, 1))
    return b"%PDF-1.7\n" + body + b"trailer <</Root 1 0 R>>\n%%EOF\n" + behind


def packed(inside: bytes, about: bytes = b"/Filter /FlateDecode") -> bytes:
    """A stream of compressed objects."""
    content = zlib.compress(inside)
    return b"<< /Type /ObjStm /N 1 %s /Length %d >>\nstream\n%s\nendstream" % (
        about,
        len(content),
        content,
    )


def _segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def _chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def _riff(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content
