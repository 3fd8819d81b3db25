"""Personal data and secrets are found in any text and field, and what is neither is left alone."""

from __future__ import annotations

import base64
import re
import secrets
import string
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from freight.personal import HIDDEN
from freight.redaction import redacted, redacted_text

AROUND = st.text(st.sampled_from(string.ascii_letters + " ,:;()'\n"), max_size=30)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mail asha@example.com now", "mail a***@example.com now"),
        ("<Asha.Rao+x@mail.example.co.in>", "<A***@mail.example.co.in>"),
        ("call +91 98765 43210.", "call ***3210."),
        ("call 098765-43210, soon", "call ***3210, soon"),
        ("call 9876543210", "call ***3210"),
        ("call +1 (415) 555-0132 now", "call ***0132 now"),
        ("PAN ABCDE1234F", "PAN ***234F"),
        ("gstin=27ABCDE1234F1Z5", "gstin=27***1Z5"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: ***"),
        ("sent Basic dXNlcjpwYXNz", "sent Basic ***"),
        ("password=hunter2&x=1", "password=***&x=1"),
        ('{"client_secret": "s3 cr,et", "id": "a"}', '{"client_secret": ***, "id": "a"}'),
        ("api_key: k1", "api_key: ***"),
        ("postgres://user:pass@db:5432/x", "postgres://user:***@db:5432/x"),
        ("hash $2b$04$abcdefghijklmnopqrstuv", "hash ***"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- end", "*** end"),
        ("-----BEGIN PRIVATE KEY-----\nMII cut off", "***"),
    ],
)
def test_what_is_hidden(text: str, shown: str) -> None:
    assert redacted_text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "request",
        "cannot refresh the truck directory: connection refused",
        "truck TRK-0042 of demo at 28.613939,77.209021 since 1763701234567",
        "id 8c0d2f7a9b8e4f0c9a1b2c3d4e5f6071 and 550e8400-e29b-41d4-a716-446655440000",
        "took 0.000123 s, 1234567890123 bytes, version 12.345.67890",
        "at 2026-11-21T05:08:47.123456Z on 127.0.0.1:54321",
        "secret://smtp#3 is missing; password=secret://db",
        "IMEI 356307042441013",
        "the token has expired; the key is gone",
    ],
)
def test_what_is_left_alone(text: str) -> None:
    assert redacted_text(text) == text


@given(before=AROUND, email=st.emails(), after=AROUND)
def test_no_email_address_gets_through(before: str, email: str, after: str) -> None:
    name = email.rpartition("@")[0]
    assume(len(name) > 1)

    shown = redacted_text(f"{before} {email} {after}")

    assert email not in shown


PHONES = st.builds(
    lambda prefix, first, rest, gap: f"{prefix}{first}{rest[:4]}{gap}{rest[4:]}",
    st.sampled_from(["", "+91", "+91 ", "+91-", "0", "0091 ", "91 "]),
    st.sampled_from("6789"),
    st.text(st.sampled_from(string.digits), min_size=9, max_size=9),
    st.sampled_from(["", " ", "-"]),
)


@given(before=AROUND, phone=PHONES, after=AROUND)
def test_no_phone_number_gets_through(before: str, phone: str, after: str) -> None:
    digits = re.sub(r"\D", "", phone)[-10:]

    shown = redacted_text(f"{before} {phone} {after}")

    assert digits not in re.sub(r"\D", "", shown)


@given(before=AROUND, raw=st.binary(min_size=32, max_size=64), after=AROUND)
def test_no_random_token_gets_through(before: str, raw: bytes, after: str) -> None:
    token = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    assume(any(c.islower() for c in token) and any(c.isupper() for c in token))
    assume(any(c.isdigit() for c in token))

    assert token not in redacted_text(f"{before} {token} {after}")


def test_no_json_web_token_gets_through() -> None:
    parts = [
        base64.urlsafe_b64encode(part).rstrip(b"=").decode()
        for part in (b'{"alg":"RS256"}', b'{"sub":"x"}', secrets.token_bytes(64))
    ]

    assert redacted_text("got " + ".".join(parts)) == f"got {HIDDEN}"


@given(st.text(max_size=2000))
def test_any_text_is_read_and_twice_is_as_once(text: str) -> None:
    once = redacted_text(text)

    assert redacted_text(once) == once or HIDDEN in once


def test_time_grows_with_the_text_and_not_with_its_square() -> None:
    for piece in ("a", "a1B-", "1 ", "@", "a@", "+1", "eyJ", "x:", "a.b", '"', "token ", "-----"):
        begun = time.process_time()
        redacted_text(piece * (100_000 // len(piece)) + "!")
        assert time.process_time() - begun < 2, piece


def test_fields_are_masked_by_their_names() -> None:
    given_fields = {
        "id": "9876543210",
        "email": "asha@example.com",
        "contact_phone": "+91 98765 43210",
        "bankAccount": "001234567890",
        "gstin": "27ABCDE1234F1Z5",
        "pan": "ABCDE1234F",
        "postal_address": "12, MG Road, Pune",
        "fullName": "Asha Rao",
        "device": {"username": "demo/T1", "secret": "s"},
        "client_secret": "s",
        "webhook_secret": "secret://hook",
        "apiKey": "k",
        "token_ttl_s": 600,
        "notes": ["write to asha@example.com", 7, None],
        "name": "Yard 7",
    }

    assert redacted(given_fields) == {
        "id": "9876543210",
        "email": "a***@example.com",
        "contact_phone": "***3210",
        "bankAccount": "***7890",
        "gstin": "27***1Z5",
        "pan": "***234F",
        "postal_address": "***, Pune",
        "fullName": "A*** R***",
        "device": {"username": "demo/T1", "secret": HIDDEN},
        "client_secret": HIDDEN,
        "webhook_secret": "secret://hook",
        "apiKey": HIDDEN,
        "token_ttl_s": 600,
        "notes": ["write to a***@example.com", 7, None],
        "name": "Yard 7",
    }
