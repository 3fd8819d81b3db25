"""Which of the addresses that a request names is believed."""

from __future__ import annotations

from typing import Any

import pytest

from serve.origin import Proxies, masked, subject_of

SERVE = ("127.0.0.0/8", "::1/128")


def scope(peer: str | None, *forwarded: str, scheme: str = "http") -> dict[str, Any]:
    return {
        "client": None if peer is None else (peer, 4711),
        "scheme": scheme,
        "headers": [(b"x-forwarded-for", line.encode()) for line in forwarded],
    }


def origin(trusted: tuple[str, ...], peer: str | None, *forwarded: str) -> str | None:
    last = forwarded[-1].encode() if forwarded else None
    return Proxies(SERVE, trusted).origin_of(scope(peer, *forwarded), last)


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        (None, (), None),
        ("203.0.113.9", (), "203.0.113.9"),
        ("203.0.113.9", ("198.51.100.1",), "203.0.113.9"),
        ("127.0.0.1", (), "127.0.0.1"),
        ("127.0.0.1", ("203.0.113.9",), "203.0.113.9"),
        ("127.0.0.1", ("198.51.100.1", "203.0.113.9"), "203.0.113.9"),
        ("127.0.0.1", ("198.51.100.1, 203.0.113.9",), "203.0.113.9"),
        ("127.0.0.1", ("127.0.0.1, 127.0.0.1",), "127.0.0.1"),
        ("127.0.0.1", ("198.51.100.1", "127.0.0.1"), "127.0.0.1"),
        ("127.0.0.1", ("nonsense",), "127.0.0.1"),
        ("::1", ("2001:db8::1",), "2001:db8::1"),
        ("127.0.0.1", ("[2001:db8::1]:443",), "2001:db8::1"),
        ("::ffff:127.0.0.1", ("203.0.113.9:99",), "203.0.113.9"),
    ],
)
def test_serves_own_proxy_is_believed_for_one_hop(
    peer: str | None, forwarded: tuple[str, ...], expected: str | None
) -> None:
    assert origin((), peer, *forwarded) == expected


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("127.0.0.1", ("203.0.113.9", "10.0.0.1"), "203.0.113.9"),
        ("127.0.0.1", ("1.1.1.1, 203.0.113.9, 10.0.0.2", "10.0.0.1"), "203.0.113.9"),
        ("127.0.0.1", ("203.0.113.9", "192.0.2.1"), "192.0.2.1"),
        ("10.0.0.1", ("203.0.113.9",), "203.0.113.9"),
        ("127.0.0.1", ("nonsense", "10.0.0.1"), "10.0.0.1"),
    ],
)
def test_a_trusted_balancer_is_believed_one_hop_further(
    peer: str, forwarded: tuple[str, ...], expected: str
) -> None:
    assert origin(("10.0.0.0/8",), peer, *forwarded) == expected


def test_tls_is_believed_of_trusted_balancers_only() -> None:
    trusting, alone = Proxies(SERVE, ("10.0.0.0/8",)), Proxies(SERVE, ())
    behind = scope("127.0.0.1", "10.0.0.1")

    assert trusting.is_tls(behind, b"https", b"10.0.0.1")
    assert not trusting.is_tls(behind, b"https", b"203.0.113.9")
    assert not trusting.is_tls(behind, b"http", b"10.0.0.1")
    assert not alone.is_tls(behind, b"https", b"10.0.0.1")
    assert alone.is_tls(scope("203.0.113.9", scheme="https"), None, None)


def test_logs_name_the_network_and_limits_the_subscriber() -> None:
    assert masked("203.0.113.9") == "203.0.113.0/24"
    assert masked("2001:db8:1:2:3:4:5:6") == "2001:db8:1::/48"
    assert masked(None) is None
    assert subject_of("203.0.113.9") == "203.0.113.9/32"
    assert subject_of("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64"
    assert subject_of("testclient") == "unknown"
