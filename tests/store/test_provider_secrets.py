"""Secrets as adapters are handed them: the newest first, each tenant its own, none if away."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from config.installation import SecretStores, VaultServer
from config.policy import policy
from store.key_file import KeyFile
from store.provider_secrets import ProviderSecrets
from store.secret_names import OF_INSTALLATION, Scope, SecretName
from store.secrets import Secrets, open_secrets
from tests.conftest import free_port

KEY = "secret://razorpay_key_secret"


@dataclasses.dataclass(frozen=True)
class Tenant:
    key: int
    id: str


ACME, DEMO = Tenant(2, "acme"), Tenant(1, "demo")


@pytest.fixture
def secrets(tmp_path: Path, keys: KeyFile) -> Secrets:
    limits = policy().secrets.model_copy(update={"refresh_s": 1e-9})
    where = SecretStores(local_file=tmp_path / "secrets.json")
    return open_secrets(where, keys, lambda: limits)


async def put(secrets: Secrets, whose: Scope, *texts: str) -> None:
    for text in texts:
        await secrets.put(SecretName(whose, "razorpay_key_secret"), text)


async def texts(source: ProviderSecrets, tenant: Tenant | None, reference: str) -> list[str]:
    return [found.text for found in await source.newest_first(tenant, reference)]


async def test_each_has_its_own_and_the_newest_comes_first(secrets: Secrets) -> None:
    await put(secrets, OF_INSTALLATION, "platform")
    await put(secrets, Scope(2, "acme"), "first", "second", "third")
    source = ProviderSecrets(secrets, "service:test")

    assert await texts(source, None, KEY) == ["platform"]
    assert await texts(source, ACME, KEY) == ["third", "second"]
    assert await texts(source, ACME, f"{KEY}#1") == ["first"]
    assert await texts(source, DEMO, KEY) == []


@pytest.mark.parametrize("reference", ["", "a value itself", "secret://", "secret://no such"])
async def test_what_is_no_reference_is_no_secret(secrets: Secrets, reference: str) -> None:
    assert await texts(ProviderSecrets(secrets, "service:test"), ACME, reference) == []


async def test_a_keeper_that_is_away_has_none_to_hand(tmp_path: Path, keys: KeyFile) -> None:
    (tmp_path / "token").write_text("root\n")
    where = VaultServer(address=f"http://127.0.0.1:{free_port()}", token_file=tmp_path / "token")
    secrets = open_secrets(SecretStores(vault=where), keys, lambda: policy().secrets)

    assert await texts(ProviderSecrets(secrets, "service:test"), ACME, KEY) == []
    await secrets.close()
