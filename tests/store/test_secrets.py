"""Secrets by reference: sealed in a file, mounted, or in a Vault; renewed without a restart."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.installation import SecretStores, VaultServer
from config.patience import VAULT, patience_with
from config.policy import policy
from config.sections.secrets import SecretLimits
from store.key_file import KeyFile
from store.secret_file import LocalSecrets
from store.secret_names import (
    OF_INSTALLATION,
    Scope,
    SecretMissingError,
    SecretName,
    SecretReference,
    SecretsAwayError,
    SecretsRefusedError,
)
from store.secret_vault import VaultSecrets
from store.secrets import Secrets, open_secrets
from store.vault_asking import AskingOnce
from tests.store.vault_server import RunningVault

DEMO = Scope(1, "demo")
ACME = Scope(2, "acme")
ME = "service:test"
ONCE = AskingOnce(lambda: patience_with(policy(), VAULT))


@pytest.fixture
def limits() -> SecretLimits:
    """Each read asks anew, so that no test waits."""
    return policy().secrets.model_copy(update={"refresh_s": 1e-9})


@pytest.fixture
def local(tmp_path: Path, keys: KeyFile, limits: SecretLimits) -> Secrets:
    where = SecretStores(local_file=tmp_path / "secrets.json")
    return open_secrets(where, keys, lambda: limits)


@pytest.fixture
def vault_server() -> Iterator[RunningVault]:
    running = RunningVault()
    yield running
    running.stop()


@pytest.fixture
def vault_where(vault_server: RunningVault, tmp_path: Path) -> VaultServer:
    (tmp_path / "token").write_text("root\n")
    return VaultServer(address=vault_server.address, token_file=tmp_path / "token")


@pytest.fixture
def approle(vault_server: RunningVault, tmp_path: Path) -> VaultServer:
    (tmp_path / "secret-id").write_text("secret-id")
    return VaultServer(
        address=vault_server.address, role_id="role", secret_id_file=tmp_path / "secret-id"
    )


def named(name: str, scope: Scope = DEMO) -> SecretName:
    return SecretName(scope, name)


async def value(secrets: Secrets, text: str, scope: Scope = DEMO) -> tuple[str, int]:
    reference = SecretReference.parse(text)
    assert reference is not None
    found = await secrets.get(scope, reference, ME)
    return found.text, found.version


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("secret://db", SecretReference("db", None)),
        ("secret://db-2_x#12", SecretReference("db-2_x", 12)),
        ("postgres://db", None),
        ("", None),
    ],
)
def test_references(text: str, parsed: SecretReference | None) -> None:
    assert SecretReference.parse(text) == parsed


@pytest.mark.parametrize(
    "text", ["secret://", "secret://a/b", "secret://../x", "secret://a#0", "secret://a#x"]
)
def test_a_wrong_reference_says_so(text: str) -> None:
    with pytest.raises(ValueError, match="a reference is written"):
        SecretReference.parse(text)


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "x" * 65])
def test_a_name_cannot_lead_elsewhere(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a secret"):
        SecretName(DEMO, name)


async def test_a_put_secret_is_read_and_the_version_before_with_it(local: Secrets) -> None:
    await local.put(named("webhook"), "first")
    await local.put(named("webhook"), "second")

    current, previous = await local.current_and_previous(named("webhook"), ME)

    assert (current.text, current.version) == ("second", 2)
    assert previous is not None
    assert (previous.text, previous.version) == ("first", 1)
    assert await value(local, "secret://webhook") == ("second", 2)
    assert await value(local, "secret://webhook#1") == ("first", 1)


async def test_scopes_do_not_see_each_other(local: Secrets) -> None:
    await local.put(named("key", DEMO), "demo's")
    await local.put(named("key", OF_INSTALLATION), "the installation's")

    assert await value(local, "secret://key", DEMO) == ("demo's", 1)
    assert await value(local, "secret://key", OF_INSTALLATION) == ("the installation's", 1)
    with pytest.raises(SecretMissingError):
        await value(local, "secret://key", ACME)
    assert [info.name for info in await local.list_of(ACME)] == []


async def test_what_is_missing_says_what(local: Secrets) -> None:
    await local.put(named("key"), "x")

    with pytest.raises(SecretMissingError, match="'other'"):
        await value(local, "secret://other")
    with pytest.raises(SecretMissingError, match="'key' in version 7"):
        await value(local, "secret://key#7")


async def test_uses_are_counted_by_who_and_which_version(local: Secrets) -> None:
    await local.put(named("key"), "hidden value")
    await value(local, "secret://key")
    await value(local, "secret://key")

    uses = local.take_uses()

    assert [(use.of.name, use.version, use.reader, n) for use, n in uses.items()] == [
        ("key", 1, ME, 2)
    ]
    assert "hidden" not in repr(uses)
    assert not local.take_uses()


async def test_the_file_holds_no_value_and_is_its_owners(local: Secrets, tmp_path: Path) -> None:
    await local.put(named("key"), "hidden value")

    path = tmp_path / "secrets.json"
    assert b"hidden" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_value_moved_to_another_name_does_not_open(local: Secrets, tmp_path: Path) -> None:
    await local.put(named("cheap"), "known")
    await local.put(named("dear"), "unknown")
    path = tmp_path / "secrets.json"
    content = json.loads(path.read_text())
    content["demo"]["dear"] = content["demo"]["cheap"]
    path.write_text(json.dumps(content))

    with pytest.raises(SecretsRefusedError, match="does not open"):
        await value(local, "secret://dear")


async def test_only_so_many_versions_are_kept(local: Secrets, limits: SecretLimits) -> None:
    for number in range(limits.versions_kept + 2):
        await local.put(named("key"), str(number))

    (info,) = await local.list_of(DEMO)

    assert [v.version for v in info.versions] == [7, 6, 5, 4, 3]


async def test_another_process_sees_it_within_the_interval(
    tmp_path: Path, keys: KeyFile, local: Secrets
) -> None:
    """And keeps what it had until then."""
    waits = policy().secrets.model_copy(update={"refresh_s": 1000})
    limits = [waits]
    where = SecretStores(local_file=tmp_path / "secrets.json")
    other = open_secrets(where, keys, lambda: limits[0])
    await local.put(named("key"), "old")
    assert await value(other, "secret://key") == ("old", 1)

    await local.put(named("key"), "new")

    assert await value(other, "secret://key") == ("old", 1)
    limits[0] = waits.model_copy(update={"refresh_s": 1e-9})
    current, previous = await other.current_and_previous(named("key"), ME)
    assert (current.text, previous and previous.text) == ("new", "old")


async def test_resealing_moves_all_to_the_newest_key(
    tmp_path: Path, keys: KeyFile, local: Secrets
) -> None:
    await local.put(named("key"), "kept")
    keys.rotate()
    store = LocalSecrets(tmp_path / "secrets.json", keys, lambda: 5)

    assert (store.reseal(), store.reseal()) == (1, 0)
    assert await value(local, "secret://key") == ("kept", 1)


async def test_mounted_files_come_first_and_are_read_again(
    tmp_path: Path, keys: KeyFile, limits: SecretLimits
) -> None:
    mounted = tmp_path / "mounted"
    (mounted / "demo").mkdir(parents=True)
    (mounted / "db").write_text("installation's\n")
    own = mounted / "demo" / "key"
    own.write_text("old\n")
    os.utime(own, (1_700_000_000, 1_700_000_000))
    where = SecretStores(mounted_dir=mounted, local_file=tmp_path / "secrets.json")
    secrets = open_secrets(where, keys, lambda: limits)
    await secrets.put(named("key"), "in the file")
    await secrets.put(named("other"), "only in the file")

    assert await value(secrets, "secret://key") == ("old", 1_700_000_000)
    own.write_text("new\n")
    os.utime(own, (1_700_000_060, 1_700_000_060))
    current, previous = await secrets.current_and_previous(named("key"), ME)
    assert (current.text, previous and previous.text) == ("new", "old")
    assert (await value(secrets, "secret://db", OF_INSTALLATION))[0] == "installation's"
    assert await value(secrets, "secret://other") == ("only in the file", 1)
    assert [info.name for info in await secrets.list_of(DEMO)] == ["key", "other"]
    assert [info.name for info in await secrets.list_of(OF_INSTALLATION)] == ["db"]


async def test_without_a_place_to_write_putting_is_refused(
    tmp_path: Path, keys: KeyFile, limits: SecretLimits
) -> None:
    secrets = open_secrets(SecretStores(mounted_dir=tmp_path), keys, lambda: limits)

    with pytest.raises(SecretsRefusedError, match="only reads"):
        await secrets.put(named("key"), "x")


async def test_vault_keeps_versions(
    vault_where: VaultServer, vault_server: RunningVault, keys: KeyFile, limits: SecretLimits
) -> None:
    secrets = open_secrets(SecretStores(vault=vault_where), keys, lambda: limits)
    assert await secrets.list_of(DEMO) == []
    await secrets.put(named("key"), "first")
    await secrets.put(named("key"), "second")

    assert await value(secrets, "secret://key") == ("second", 2)
    assert await value(secrets, "secret://key#1") == ("first", 1)
    current, previous = await secrets.current_and_previous(named("key"), ME)
    assert (current.text, previous and previous.text) == ("second", "first")
    assert current.created_ms > 1_700_000_000_000
    (info,) = await secrets.list_of(DEMO)
    assert [v.version for v in info.versions] == [2, 1]
    assert await secrets.list_of(OF_INSTALLATION) == []
    assert list(vault_server.state.entries) == ["ubertruck/tenants/demo/key"]
    for missing in ("secret://other", "secret://key#9"):
        with pytest.raises(SecretMissingError):
            await value(secrets, missing)
    vault_server.state.entries["ubertruck/tenants/demo/key"][0]["deletion_time"] = "2026-01-01"
    with pytest.raises(SecretMissingError):
        await value(secrets, "secret://key#1")
    await secrets.delete(named("key"))
    with pytest.raises(SecretMissingError):
        await secrets.delete(named("key"))
    await secrets.close()


async def test_a_vault_that_is_away_is_bridged_for_a_while(
    vault_where: VaultServer, vault_server: RunningVault, keys: KeyFile, limits: SecretLimits
) -> None:
    now = [limits]
    secrets = open_secrets(SecretStores(vault=vault_where), keys, lambda: now[0])
    await secrets.put(named("key"), "known")
    assert await value(secrets, "secret://key") == ("known", 1)

    vault_server.state.is_sealed = True

    assert await value(secrets, "secret://key") == ("known", 1)
    with pytest.raises(SecretsAwayError, match="503: Vault is sealed"):
        await value(secrets, "secret://never-read")
    now[0] = limits.model_copy(update={"stale_s_max": 1e-9})
    with pytest.raises(SecretsAwayError):
        await value(secrets, "secret://key")
    vault_server.state.is_sealed = False
    assert await value(secrets, "secret://key") == ("known", 1)
    await secrets.close()


async def test_a_vault_that_does_not_listen_is_away(
    vault_where: VaultServer, vault_server: RunningVault
) -> None:
    vault_server.stop()
    vault = VaultSecrets(vault_where, ONCE)

    with pytest.raises(SecretsAwayError, match="does not answer"):
        await vault.read(named("key"), None)
    await vault.close()


async def test_a_refused_token_is_told_to_the_operator(
    vault_where: VaultServer, vault_server: RunningVault, tmp_path: Path
) -> None:
    vault_server.state.tokens = {"new"}
    vault = VaultSecrets(vault_where, ONCE)

    with pytest.raises(SecretsRefusedError, match="permission denied"):
        await vault.read(named("key"), None)
    # Its file is read again, so that a rotated token needs no restart.
    (tmp_path / "token").write_text("new")
    with pytest.raises(SecretMissingError):
        await vault.read(named("key"), None)
    await vault.close()


async def test_an_approle_signs_in_and_again_when_its_token_ends(
    approle: VaultServer, vault_server: RunningVault
) -> None:
    vault = VaultSecrets(approle, ONCE)
    await vault.put(named("key"), "x")
    assert (await vault.read(named("key"), None)).text == "x"
    assert vault_server.state.signed_in == 1

    vault_server.state.tokens.clear()

    assert (await vault.read(named("key"), None)).text == "x"
    assert vault_server.state.signed_in == 2
    await vault.close()


async def test_a_wrong_approle_is_refused(approle: VaultServer, vault_server: RunningVault) -> None:
    vault_server.state.role = ("role", "another")
    vault = VaultSecrets(approle, ONCE)

    with pytest.raises(SecretsRefusedError, match="refuses our AppRole"):
        await vault.read(named("key"), None)
    await vault.close()


async def test_a_lease_is_renewed_before_it_ends_and_else_taken_anew(
    approle: VaultServer, vault_server: RunningVault
) -> None:
    state, clock = vault_server.state, [0.0]
    state.lease_s = 60
    vault = VaultSecrets(approle, ONCE, lambda: clock[0])
    await vault.put(named("key"), "x")

    clock[0] = 61
    await vault.keep_alive()
    assert (state.renewed, state.signed_in) == (1, 1)
    await vault.keep_alive()
    assert state.renewed == 1, "not yet due again"

    state.is_renewable = False
    clock[0] = 120
    await vault.keep_alive()
    clock[0] = 180
    await vault.keep_alive()
    await vault.read(named("key"), None)
    assert (state.renewed, state.signed_in) == (2, 2)
    await vault.close()
