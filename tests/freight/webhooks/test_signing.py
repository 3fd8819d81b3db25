"""Signatures: the standard's own vector, several at once, and what receivers must not believe."""

from __future__ import annotations

import pytest

from freight.webhooks.signing import (
    SIGNATURE,
    NotASecretError,
    is_signed,
    key_of,
    secret_of,
    signature,
    signed_headers,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = secret_of(b"0" * 32)
MESSAGE, AT_S, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'


def test_the_vector_of_the_standard() -> None:
    assert signature(SECRET, MESSAGE, AT_S, BODY) == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_while_a_secret_changes_receivers_may_know_either() -> None:
    headers = signed_headers([OTHER, SECRET], MESSAGE, AT_S, BODY)

    assert len(headers[SIGNATURE].split(" ")) == 2
    for secret in (SECRET, OTHER):
        assert is_signed(secret, headers, BODY, now_s=AT_S, tolerance_s=300)


@pytest.mark.parametrize(
    "changed",
    [
        {"body": b'{"test": 2432232315}'},
        {"headers": {"webhook-id": "msg_other"}},
        {"headers": {"webhook-timestamp": str(AT_S + 1)}},
        {"headers": {"webhook-timestamp": "soon"}},
        {"headers": {"webhook-signature": "v2,AAAA v1,"}},
        {"headers": {"webhook-signature": "v1,é"}},
        {"now_s": AT_S + 301},
        {"now_s": AT_S - 301},
        {"secret": OTHER},
    ],
)
def test_what_was_changed_or_is_old_is_not_believed(changed: dict[str, object]) -> None:
    headers = signed_headers([SECRET], MESSAGE, AT_S, BODY)
    given = {"secret": SECRET, "headers": headers, "body": BODY, "now_s": AT_S, **changed}
    given["headers"] = {**headers, **dict(changed.get("headers") or {})}  # type: ignore[call-overload]
    secret, body, now_s = given["secret"], given["body"], given["now_s"]

    assert not is_signed(secret, given["headers"], body, now_s=now_s, tolerance_s=300)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "secret", ["whsec_", "whsec_c2hvcnQ=", "whsec_no base64", secret_of(b"0" * 24)[:-2]]
)
def test_what_is_no_secret(secret: str) -> None:
    with pytest.raises(NotASecretError):
        key_of(secret)


def test_keys_are_of_the_standards_length() -> None:
    with pytest.raises(NotASecretError):
        secret_of(b"0" * 23)
    assert key_of(secret_of(b"k" * 64)) == b"k" * 64
