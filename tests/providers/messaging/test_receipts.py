"""What providers tell, by their own examples: signatures, shapes, and what is no receipt."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.messaging.port import Reason, Receipt, State
from providers.messaging.receipts import twilio, whatsapp
from providers.messaging.receipts.letter import ForgedError, Letter, UnreadableError
from providers.messaging.receipts.reading import PARSERS, parse

FORM = {"content-type": "application/x-www-form-urlencoded"}
GOOD_TOKEN, GOOD_SECRET = "token", "app_secret"
WITH_SECRET = {"x-webhook-secret": "shared"}
URL = "https://alerts.example/v1/webhooks/twilio/acme?message=note-1"


def of_twilio(fields: dict[str, str], token: str = GOOD_TOKEN) -> Letter:
    signature = twilio.signed(URL, list(fields.items()), token)
    return Letter(URL, {**FORM, "x-twilio-signature": signature}, urlencode(fields).encode())


def of_meta(status: Mapping[str, object], secret: str = GOOD_SECRET) -> Letter:
    change = {"field": "messages", "value": {"statuses": [status]}}
    other = {"field": "account_update", "value": {"event": "VERIFIED_ACCOUNT", "statuses": "?"}}
    said = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [other, change]}],
    }
    body = json.dumps(said).encode()
    return Letter("", {"x-hub-signature-256": whatsapp.signed(body, secret)}, body)


def test_twilio_signs_as_its_documentation_shows() -> None:
    fields = [
        ("CallSid", "CA1234567890ABCDE"),
        ("From", "+12349013030"),
        ("To", "+18005551212"),
        ("Caller", "+12349013030"),
        ("Digits", "1234"),
    ]
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"

    assert twilio.signed(url, fields, "12345") == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="


def test_meta_signs_the_bytes_as_they_came() -> None:
    signed = "sha256=e790291ff924369c1f80c8b2cc24fb9ccd37600d883a729059d4bbfa632c882b"

    assert whatsapp.signed(b'{"object":"whatsapp_business_account"}', "app_secret") == signed


@pytest.mark.parametrize(
    ("fields", "state", "reason", "code"),
    [
        ({"MessageSid": "SM1", "MessageStatus": "sent"}, State.SENT, None, ""),
        ({"MessageSid": "SM1", "MessageStatus": "read"}, State.READ, None, ""),
        (
            {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30007"},
            State.FAILED,
            Reason.BLOCKED,
            "30007",
        ),
        ({"CallSid": "CA1", "CallStatus": "ringing"}, State.SENT, None, ""),
        (
            {"CallSid": "CA1", "CallStatus": "no-answer"},
            State.FAILED,
            Reason.UNREACHABLE,
            "no-answer",
        ),
    ],
)
def test_twilio_tells_of_texts_and_calls(
    fields: dict[str, str], state: State, reason: Reason | None, code: str
) -> None:
    [receipt] = parse("twilio", of_twilio(fields), ["token"])

    assert receipt == Receipt(
        provider_id=fields.get("CallSid") or fields["MessageSid"],
        message_id="note-1",
        state=state,
        reason=reason,
        code=code,
    )


def test_a_call_says_when() -> None:
    said = {
        "CallSid": "CA1",
        "CallStatus": "completed",
        "Timestamp": "Sat, 21 Nov 2026 12:00:00 +0000",
    }
    [receipt] = parse("twilio", of_twilio(said), ["token"])

    assert receipt.at_ms == 1_795_262_400_000


def test_meta_tells_with_our_id_and_its_time_in_seconds() -> None:
    status = {
        "id": "wamid.xyz",
        "status": "failed",
        "timestamp": "1698266945",
        "recipient_id": "972987654321",
        "biz_opaque_callback_data": "note-1",
        "errors": [{"code": 131049, "title": "not now", "message": "not now"}],
    }
    [receipt] = parse("whatsapp", of_meta(status), ["app_secret"])

    assert receipt == Receipt(
        provider_id="wamid.xyz",
        message_id="note-1",
        state=State.FAILED,
        reason=Reason.BLOCKED,
        code="131049",
        at_ms=1_698_266_945_000,
    )


def test_meta_asks_whether_the_address_is_ours() -> None:
    asked = {"hub.mode": "subscribe", "hub.verify_token": "word", "hub.challenge": "1158201444"}

    assert whatsapp.challenge(asked, ["other", "word"]) == "1158201444"
    for wrong in ([], ["other"], [""]):
        with pytest.raises(ForgedError):
            whatsapp.challenge(asked, wrong)


REPORT = {
    "senderId": "UBRTRK",
    "requestId": "346130",
    "report": [
        {"number": "919876543210", "CRQID": "note-1", "status": "1", "desc": "DELIVERED"},
        {"number": "919876543211", "CRQID": "note-2", "status": "17", "desc": "BLOCKED"},
    ],
}
DELIVERED = Receipt(provider_id="346130", message_id="note-1", state=State.DELIVERED)


@pytest.mark.parametrize(
    ("headers", "body", "found"),
    [
        (
            FORM,
            urlencode({"data": json.dumps([REPORT])}).encode(),
            [
                DELIVERED,
                Receipt(
                    provider_id="346130",
                    message_id="note-2",
                    state=State.FAILED,
                    reason=Reason.BLOCKED,
                    code="17",
                ),
            ],
        ),
        (
            {},
            b'{"requestId":"346130","CRQID":"note-1","status":"1","desc":"DELIVERED"}',
            [DELIVERED],
        ),
        # The newer one, whose fields its panel lets one choose.
        ({}, b'{"requestId":"346130","status":"Delivered","CRQID":"note-1"}', [DELIVERED]),
        (
            {},
            b'{"requestId":"346130","status":"9","CRQID":"0"}',
            [Receipt(provider_id="346130", state=State.FAILED, reason=Reason.OPTED_OUT, code="9")],
        ),
        # Without any name it is about nothing; a word that nobody knows says nothing.
        ({}, b'[{"data":[{"INMSID":"0","description":"DELIVERED"}],"event":"delivered"}]', []),
        ({}, b'{"requestId":"346130","status":"on its way"}', []),
    ],
)
def test_msg91_tells_in_the_shapes_of_its_panel(
    headers: dict[str, str], body: bytes, found: list[Receipt]
) -> None:
    assert parse("msg91", Letter("", {**headers, **WITH_SECRET}, body), ["shared"]) == found
    in_address = Letter("https://alerts.example/v1/webhooks/msg91?secret=shared", headers, body)
    assert parse("msg91", in_address, ["new", "shared"]) == found


# As Postfix writes it.
BOUNCE = b"""\
Date: Sat, 21 Nov 2026 12:00:00 +0530 (IST)
From: MAILER-DAEMON@mail.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: bounces@alerts.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="5B2F21A0C6.1795236600/mail.example"
Message-Id: <20261121063000.1234@mail.example>

This is a MIME-encapsulated message.

--5B2F21A0C6.1795236600/mail.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--5B2F21A0C6.1795236600/mail.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example
Arrival-Date: Sat, 21 Nov 2026 11:59:58 +0530 (IST)

Final-Recipient: rfc822; ramesh@example.com
Original-Recipient: rfc822;ramesh@example.com
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example.com
Diagnostic-Code: smtp; 550 5.1.1 <ramesh@example.com>: Recipient address rejected

--5B2F21A0C6.1795236600/mail.example
Content-Description: Undelivered Message
Content-Type: message/rfc822

From: UberTruck <alerts@alerts.example>
To: ramesh@example.com
Subject: MH12AB1234 stands still
Message-ID: <note-1@alerts.example>

It has stood for 2 h.

--5B2F21A0C6.1795236600/mail.example--
"""


def test_a_bounce_says_which_mail_came_back_and_why() -> None:
    [receipt] = parse("smtp", Letter("", WITH_SECRET, BOUNCE), ["shared"])

    assert receipt == Receipt(
        provider_id="note-1@alerts.example",
        message_id="note-1",
        state=State.FAILED,
        reason=Reason.INVALID_ADDRESS,
        code="5.1.1",
        at_ms=1_795_242_600_000,
    )


def test_a_mail_that_is_late_has_not_failed_and_a_full_box_may_do_another_time() -> None:
    late = BOUNCE.replace(b"Action: failed", b"Action: delayed").replace(b"5.1.1", b"4.4.1")
    full = BOUNCE.replace(b"Status: 5.1.1", b"Status: 5.2.2")

    [delayed] = parse("smtp", Letter("", WITH_SECRET, late), ["shared"])
    [failed] = parse("smtp", Letter("", WITH_SECRET, full), ["shared"])

    assert (delayed.state, delayed.reason) == (State.SENT, None)
    assert (failed.state, failed.reason) == (State.FAILED, Reason.UNREACHABLE)


def test_without_the_mail_the_envelope_tells_which_it_was() -> None:
    head, _, _ = BOUNCE.partition(b"Content-Description: Undelivered Message")
    named = head.replace(b"Arrival-Date:", b"Original-Envelope-Id: note-1\nArrival-Date:")
    bare = named + b"Content-Type: text/plain\n\n--5B2F21A0C6.1795236600/mail.example--\n"

    [receipt] = parse("smtp", Letter("", WITH_SECRET, bare), ["shared"])

    assert (receipt.provider_id, receipt.message_id) == ("", "note-1")


GENUINE = {
    "twilio": of_twilio({"MessageSid": "SM1", "MessageStatus": "sent"}, "good"),
    "whatsapp": of_meta({"id": "wamid.1", "status": "sent", "timestamp": "1"}, "good"),
    "msg91": Letter("", {"x-webhook-secret": "good"}, b'{"requestId":"1","status":"1"}'),
    "smtp": Letter("", {"x-webhook-secret": "good"}, BOUNCE),
}


@pytest.mark.parametrize("provider", PARSERS)
def test_nobody_is_believed_without_a_good_secret(provider: str) -> None:
    letter = GENUINE[provider]
    assert parse(provider, letter, ["newer", "good"])

    for secrets in ([], [""], ["bad"]):
        with pytest.raises(ForgedError):
            parse(provider, letter, secrets)
    unsigned = Letter(letter.url, {"x-twilio-signature": "\u0939"}, letter.body)
    with pytest.raises(ForgedError):
        parse(provider, unsigned, ["good"])


@pytest.mark.parametrize("provider", ["twilio", "whatsapp"])
def test_a_signature_is_good_for_its_own_words_only(provider: str) -> None:
    letter = GENUINE[provider]
    other_words = Letter(letter.url, letter.headers, letter.body.replace(b"sent", b"read"))
    with pytest.raises(ForgedError):
        parse(provider, other_words, ["good"])
    if provider == "twilio":
        other_message = Letter(letter.url.replace("note-1", "note-2"), letter.headers, letter.body)
        with pytest.raises(ForgedError):
            parse(provider, other_message, ["good"])


@pytest.mark.parametrize(
    ("provider", "letter"),
    [
        ("twilio", of_twilio({"Something": "else"})),
        ("whatsapp", of_meta({"status": "sent"})),
        ("msg91", Letter("", WITH_SECRET, b"[1]")),
        ("msg91", Letter("", {**FORM, **WITH_SECRET}, b"data=no")),
        ("msg91", Letter("", WITH_SECRET, b'{"report":[1]}')),
        ("smtp", Letter("", WITH_SECRET, b"Subject: hello\n\nhow are you?")),
        ("smtp", Letter("", WITH_SECRET, BOUNCE.replace(b"note-1", b"x" * 70))),
    ],
)
def test_what_no_provider_sends_is_not_read(provider: str, letter: Letter) -> None:
    if provider == "smtp" and letter.body.startswith(b"Date"):
        assert [one.message_id for one in parse(provider, letter, ["shared"])] == [None]
        return
    with pytest.raises(UnreadableError):
        parse(provider, letter, ["token", "app_secret", "shared"])


def as_json(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """With the names that are read, so that something is found behind them."""
    names = ["object", "entry", "changes", "field", "value", "statuses", "id", "status"]
    names += ["timestamp", "errors", "code", "requestId", "CRQID", "report", "desc", "data"]
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(names), inner),
        max_leaves=12,
    )


JSON = as_json(st.none() | st.integers() | st.sampled_from(["messages", "sent", "1" * 5000, "1"]))
HEADERS = st.sampled_from([b"Action", b"Status", b"Date", b"Message-ID", b"Original-Envelope-Id"])
LINES = st.lists(st.tuples(HEADERS, st.binary(max_size=20)), max_size=4)


@settings(max_examples=60, deadline=None)
@given(said=JSON, lines=LINES)
def test_whatever_is_sent_is_receipts_or_unreadable(
    said: Any, lines: list[tuple[bytes, bytes]]
) -> None:
    body = json.dumps(said).encode()
    status = said if isinstance(said, dict) else {"id": "1", "status": "sent", "timestamp": said}
    odd = b"".join(name + b": " + value + b"\n" for name, value in lines)
    letters = [
        ("whatsapp", Letter("", {"x-hub-signature-256": whatsapp.signed(body, "s")}, body)),
        ("whatsapp", of_meta(status, "s")),
        ("msg91", Letter("", {"x-webhook-secret": "s"}, body)),
        (
            "twilio",
            of_twilio({"MessageSid": "S", "MessageStatus": "failed", "ErrorCode": "1" * 9999}, "s"),
        ),
        ("smtp", Letter("", {"x-webhook-secret": "s"}, BOUNCE.replace(b"Action: failed\n", odd))),
        ("smtp", Letter("", {"x-webhook-secret": "s"}, odd + BOUNCE)),
    ]
    for provider, letter in letters:
        with contextlib.suppress(UnreadableError):
            assert all(isinstance(one, Receipt) for one in parse(provider, letter, ["s"]))
