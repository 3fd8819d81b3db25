"""Every instance has a block of ports for itself, the same one again at its next start."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch.layout import Layout
from launch.ports import (
    BLOCK_SIZE,
    SINGLE,
    BlockClaim,
    PortTakenError,
    chosen_port,
    is_free,
    require_free,
)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    found = Layout.at(tmp_path)
    found.create()
    return found


@pytest.fixture
def claim(layout: Layout) -> Iterator[BlockClaim]:
    made = BlockClaim(layout)
    yield made
    made.release()


def test_a_block_is_remembered(layout: Layout, claim: BlockClaim) -> None:
    claim.release()
    again = BlockClaim(layout)
    again.release()

    assert again.block == claim.block


def test_a_claimed_block_is_not_given_twice(layout: Layout, claim: BlockClaim) -> None:
    """Even before any server of the first instance listens."""
    other = BlockClaim(layout)
    other.release()

    assert abs(other.block.start - claim.block.start) >= BLOCK_SIZE


def test_a_block_with_a_taken_port_is_passed_over(layout: Layout, claim: BlockClaim) -> None:
    claim.release()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", claim.block["redis"]))
        taken.listen()
        other = BlockClaim(layout)
        other.release()

    assert other.block != claim.block


def test_no_two_servers_share_a_port(claim: BlockClaim) -> None:
    ports = [claim.block[name] for name in SINGLE]

    assert len(set(ports)) == len(ports)
    assert claim.block.start not in ports


def test_a_port_that_needs_privileges_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> socket.socket:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("launch.ports.listening", refuse)
    with pytest.raises(PortTakenError, match=r"--http-port.*privileges"):
        require_free(80, "--http-port")
    assert not is_free(80)


def test_a_usual_port_that_is_taken_is_gone_without_and_one_asked_for_is_insisted_on() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert chosen_port(None, port, "--osmand-port") is None
        with pytest.raises(PortTakenError, match="--osmand-port"):
            chosen_port(port, 5055, "--osmand-port")
    assert chosen_port(None, port, "--osmand-port") == port
    assert chosen_port(port, 5055, "--osmand-port") == port
