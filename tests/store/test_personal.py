"""Sealed values open for us only, blind indexes find them, and keys rotate under them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.key_file import KeyFile, KeyFileError, create_key_ring, write_key_ring
from store.personal import PersonalData
from store.sealing import Sealer, SealError


@pytest.fixture
def key_path(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    assert create_key_ring(path)
    return path


@pytest.fixture
def personal(key_path: Path) -> PersonalData:
    return PersonalData(KeyFile(key_path))


def test_what_is_sealed_opens_and_never_looks_the_same(personal: PersonalData) -> None:
    first, second = personal.seal("Asha Rao"), personal.seal("Asha Rao")

    assert first != second
    assert b"Asha" not in first
    assert personal.open(first) == personal.open(second) == "Asha Rao"


@given(text=st.text())
def test_any_text_comes_back(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "keys-of-any-text.json"
    create_key_ring(path)
    if text.isascii() or text.encode(errors="ignore").decode() == text:
        personal = PersonalData(KeyFile(path))
        assert personal.open(personal.seal(text)) == text


@pytest.mark.parametrize("at", [0, 4, 5, 20, -1])
def test_a_changed_byte_is_found(personal: PersonalData, at: int) -> None:
    sealed = bytearray(personal.seal("ABCDE1234F"))
    sealed[at] ^= 1

    with pytest.raises((SealError, KeyFileError)):
        personal.open(bytes(sealed))


def test_a_value_opens_only_where_it_was_sealed(key_path: Path) -> None:
    keys = KeyFile(key_path)
    sealed = Sealer(keys, "secrets").seal(b"value", about=b"name/1")

    with pytest.raises(SealError):
        Sealer(keys, "secrets").open(sealed, about=b"name/2")
    with pytest.raises(SealError):
        Sealer(keys, "personal").open(sealed, about=b"name/1")


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("email", ["Asha@Example.com", " asha@example.COM "]),
        ("phone", ["+91 98765 43210", "098765-43210", "9876543210", "0091 9876543210"]),
        ("pan", ["abcde1234f", "ABCDE 1234 F"]),
        ("gstin", ["27abcde1234f1z5", "27 ABCDE1234F 1Z5"]),
        ("bank_account", ["0012 3456 7890", "0012-3456-7890"]),
        ("address", ["12, MG  Road, Pune", "12, mg road, pune"]),
    ],
)
def test_one_value_has_one_index_however_written(
    personal: PersonalData, kind: str, written: list[str]
) -> None:
    assert len({personal.blind_index(kind, text) for text in written}) == 1


def test_different_values_kinds_and_installations_have_different_indexes(
    personal: PersonalData, tmp_path: Path
) -> None:
    create_key_ring(tmp_path / "other.json")
    other = PersonalData(KeyFile(tmp_path / "other.json"))

    indexes = [
        personal.blind_index("phone", "+91 98765 43210"),
        personal.blind_index("phone", "+1 98765 43210"),
        personal.blind_index("phone", "98765 43211"),
        personal.blind_index("bank_account", "919876543210"),
        other.blind_index("phone", "+91 98765 43210"),
    ]

    assert len(set(indexes)) == len(indexes)


def test_after_a_rotation_old_values_open_and_new_ones_use_the_new_key(
    personal: PersonalData, key_path: Path
) -> None:
    old = personal.seal("old")
    index = personal.blind_index("email", "a@b.in")

    assert KeyFile(key_path).rotate() == 2  # by another process
    resealing = PersonalData(KeyFile(key_path))
    (moved,) = resealing.resealed([old])

    assert moved is not None
    assert personal.open(moved) == personal.open(old) == "old", "read again for the unknown key"
    assert resealing.is_current(moved)
    assert not resealing.is_current(old)
    assert resealing.resealed([moved]) == [None]
    assert resealing.blind_index("email", "a@b.in") == index


def test_a_value_of_a_foreign_key_says_so(personal: PersonalData, key_path: Path) -> None:
    newer = KeyFile(key_path)
    ring = newer.ring
    newer.rotate()
    sealed = PersonalData(newer).seal("x")
    write_key_ring(key_path, ring)

    with pytest.raises(KeyFileError, match="no key 2"):
        PersonalData(KeyFile(key_path)).open(sealed)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o622])
def test_a_file_open_to_others_is_refused_with_the_remedy(key_path: Path, mode: int) -> None:
    key_path.chmod(mode)

    with pytest.raises(KeyFileError, match=r"open to others .*chmod 600"):
        KeyFile(key_path)


def test_what_is_no_key_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    with pytest.raises(KeyFileError, match="cannot read"):
        KeyFile(path)
    for text in ("", "{}", '{"keys": {}, "index_key": ""}', '{"keys": {"1": "AA=="}}', "[]"):
        path.touch(mode=0o600)
        path.write_text(text)
        with pytest.raises(KeyFileError, match="not a key file"):
            KeyFile(path)


def test_a_key_file_is_made_once_and_for_its_owner_only(key_path: Path) -> None:
    before = key_path.read_bytes()

    assert not create_key_ring(key_path)
    assert key_path.read_bytes() == before
    assert key_path.stat().st_mode & 0o777 == 0o600
