"""Vault is asked again where that does no harm, up to a point, and left alone when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from actors.vault_patience import PatientVault, open_patient_secrets
from config.installation import SecretStores, VaultServer
from config.patience import VAULT, patience_with
from config.policy import Policy, policy
from config.sections.providers import Patience
from providers.metering import ProviderMetrics
from store.key_file import KeyFile, create_key_ring
from store.secret_names import (
    Scope,
    SecretMissingError,
    SecretName,
    SecretReference,
    SecretsAwayError,
    SecretsRefusedError,
)
from store.secret_vault import VaultSecrets
from tests.launch.waiting import until
from tests.store.vault_server import Fault, RunningVault

DEMO = Scope(1, "demo")
KEY = SecretName(DEMO, "key")
PATH = "ubertruck/tenants/demo/key"
DATA = f"secret/data/{PATH}"
ROOT = "root"


def patience(**changes: Any) -> Patience:
    """A busy machine is slow, and is not to look like a Vault that is away."""
    usual = {"attempts": 2, "retry_wait_s": 0.001, "attempt_s": 20.0, "deadline_s": 20.0}
    return patience_with(policy(), VAULT).model_copy(update=usual | changes)


@pytest.fixture
def server() -> Iterator[RunningVault]:
    running = RunningVault()
    yield running
    running.stop()


@pytest.fixture
def where(server: RunningVault, tmp_path: Path) -> VaultServer:
    (tmp_path / "token").write_text(ROOT)
    return VaultServer(address=server.address, token_file=tmp_path / "token")


class Asking:
    def __init__(self, vault: VaultSecrets, counted: CollectorRegistry) -> None:
        self.vault = vault
        self._counted = counted

    async def text(self) -> str:
        return (await self.vault.read(KEY, None)).text

    @property
    def is_open(self) -> bool:
        labels = {"provider": "vault"}
        return bool(self._counted.get_sample_value("ubertruck_provider_breaker_open", labels))

    def calls(self, operation: str, outcome: str) -> float | None:
        labels = {"provider": "vault", "operation": operation, "outcome": outcome}
        return self._counted.get_sample_value("ubertruck_provider_calls_total", labels)


@asynccontextmanager
async def asking(
    where: VaultServer, by: Callable[[], Patience] = patience
) -> AsyncIterator[Asking]:
    counted = CollectorRegistry()
    vault = VaultSecrets(where, PatientVault(by, ProviderMetrics(counted)))
    try:
        yield Asking(vault, counted)
    finally:
        await vault.close()


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_what_passes_is_asked_again(
    where: VaultServer, server: RunningVault, status: int
) -> None:
    async with asking(where) as asks:
        await asks.vault.put(KEY, "x")
        server.state.faults = [Fault(status)]

        assert await asks.text() == "x"

        assert server.state.asked[-2:] == [f"GET {DATA}"] * 2
        assert asks.calls("read", "ok") == 1.0


async def test_what_stays_is_away_in_its_own_words(
    where: VaultServer, server: RunningVault
) -> None:
    async with asking(where) as asks:
        await asks.vault.put(KEY, "x")
        server.state.is_sealed = True

        with pytest.raises(SecretsAwayError, match="vault: Vault answers 503: Vault is sealed"):
            await asks.text()

        assert asks.calls("read", "away") == 1.0


async def test_a_version_is_not_put_twice(where: VaultServer, server: RunningVault) -> None:
    """The one before would be the same, and what others still sign with would be forgotten."""
    async with asking(where) as asks:
        await asks.vault.put(KEY, "old")
        server.state.faults = [Fault(502, is_done=True)]

        with pytest.raises(SecretsAwayError, match="502"):
            await asks.vault.put(KEY, "new")

        assert len(server.state.entries[PATH]) == 2
        server.state.faults = [Fault(429)]
        assert (await asks.vault.put(KEY, "newest")).version == 3, "that one surely was not done"


async def test_a_secret_id_is_not_used_twice(server: RunningVault, tmp_path: Path) -> None:
    (tmp_path / "secret-id").write_text("secret-id")
    where = VaultServer(
        address=server.address, role_id="role", secret_id_file=tmp_path / "secret-id"
    )
    async with asking(where) as asks:
        server.state.faults = [Fault(502, is_done=True)]
        with pytest.raises(SecretsAwayError, match="502"):
            await asks.text()
        assert server.state.signed_in == 1

        with pytest.raises(SecretMissingError):
            await asks.text()
        assert server.state.signed_in == 2


async def test_a_long_retry_after_is_not_waited_for(
    where: VaultServer, server: RunningVault
) -> None:
    async with asking(where, lambda: patience(failures_max=1)) as asks:
        await asks.vault.put(KEY, "x")
        server.state.faults = [Fault(429, {"Retry-After": "3600"})]

        with pytest.raises(SecretsAwayError, match="429"):
            await asks.text()

        assert not asks.is_open, "who throttles lives"
        assert await asks.text() == "x"


async def test_silence_opens_its_breaker_and_an_answer_closes_it(
    where: VaultServer, server: RunningVault
) -> None:
    now = [patience(rest_s=3600.0)]
    async with asking(where, lambda: now[0]) as asks:
        await asks.vault.put(KEY, "x")
        server.state.faults = [Fault(is_silent=True)]
        hasty = {"deadline_s": 0.05, "attempt_s": 0.05, "failures_max": 1, "rest_s": 3600.0}
        now[0] = patience(**hasty)
        with pytest.raises(SecretsAwayError, match=r"0\.05 s"):
            await asks.text()
        assert asks.is_open

        asked = len(server.state.asked)
        with pytest.raises(SecretsAwayError, match="left alone"):
            await asks.text()
        assert len(server.state.asked) == asked

        now[0] = patience(failures_max=10)
        assert await asks.text() == "x"
        assert not asks.is_open


async def test_a_missing_secret_and_a_refusal_are_answers(
    where: VaultServer, server: RunningVault
) -> None:
    async with asking(where, lambda: patience(failures_max=1)) as asks:
        with pytest.raises(SecretMissingError):
            await asks.text()
        server.state.tokens = {"another"}
        with pytest.raises(SecretsRefusedError, match="permission denied"):
            await asks.text()

        assert not asks.is_open
        assert asks.calls("read", "ok") == 1.0
        assert asks.calls("read", "refused") == 2.0, "the second with the token read anew"


async def test_a_long_answer_is_not_read(where: VaultServer) -> None:
    now = [patience()]
    async with asking(where, lambda: now[0]) as asks:
        await asks.vault.put(KEY, "x" * 2000)
        now[0] = patience(answer_bytes_max=1000)

        with pytest.raises(SecretsRefusedError, match="more than 1000 bytes"):
            await asks.text()


async def test_who_cannot_even_wait_is_told_so_at_once(
    where: VaultServer, server: RunningVault
) -> None:
    async with asking(where, lambda: patience(at_once_max=1, waiting_max=0)) as asks:
        await asks.vault.put(KEY, "x")
        server.state.faults = [Fault(is_silent=True)]
        asked = len(server.state.asked)
        inside = asyncio.create_task(asks.text())
        await until(lambda: len(server.state.asked) > asked)

        with pytest.raises(SecretsAwayError, match="wait already"):
            await asks.text()

        inside.cancel()
        await asyncio.gather(inside, return_exceptions=True)
        assert await asks.text() == "x"


async def test_what_was_read_is_used_while_it_is_left_alone(
    where: VaultServer, server: RunningVault, tmp_path: Path
) -> None:
    now = with_vault(policy(), failures_max=1, rest_s=3600.0)
    create_key_ring(tmp_path / "keys")
    key_file = KeyFile(tmp_path / "keys")
    secrets = open_patient_secrets(SecretStores(vault=where), key_file, lambda: now)
    await secrets.put(KEY, "known")
    reference = SecretReference("key", None)
    assert (await secrets.get(DEMO, reference, "service:test")).text == "known"
    server.state.is_sealed = True

    assert (await secrets.get(DEMO, reference, "service:test")).text == "known"
    asked = len(server.state.asked)
    assert (await secrets.get(DEMO, reference, "service:test")).text == "known"

    assert len(server.state.asked) == asked, "and nobody waits for it"
    await secrets.close()


def with_vault(now: Policy, **changes: Any) -> Policy:
    """Each read asks anew."""
    named = {**now.providers.patience, "vault": patience(**changes)}
    return now.model_copy(
        update={
            "providers": now.providers.model_copy(update={"patience": named}),
            "secrets": now.secrets.model_copy(update={"refresh_s": 1e-9}),
        }
    )


def test_the_time_out_of_vault_means_what_it_meant() -> None:
    secrets = policy().secrets.model_copy(update={"vault_timeout_s": 7.0})
    now = policy().model_copy(update={"secrets": secrets})

    found = patience_with(now, VAULT)

    assert (found.deadline_s, found.attempt_s) == (7.0, 7.0)
    assert found.attempts == policy().providers.patience["usual"].attempts
    assert patience_with(with_vault(now, rest_s=1.0), VAULT).rest_s == 1.0
