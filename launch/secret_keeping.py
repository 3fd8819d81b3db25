"""`secrets`: puts and lists an installation's secrets, and rotates the keys that seal them."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
import time
from collections.abc import Sequence

import asyncpg

from actors.vault_patience import open_patient_secrets
from config.installation import DatabaseRole, Installation, InstallationMissingError
from config.policy import policy
from launch.installed import add_installation_option, find_installation
from store import audit, tenants
from store.audit_chain import Entry, Signer
from store.key_file import KeyFile, KeyFileError
from store.postgres import AnyConnection, connect
from store.reseal import reseal_database
from store.sealing import SealError
from store.secret_file import LocalSecrets
from store.secret_names import OF_INSTALLATION, Scope, SecretName, SecretsError

RESEAL_ROWS = 500  # fixed: rows of one transaction; any number ends the same
EVERYONE = "*"


class RefusedError(RuntimeError):
    """The command cannot be done as asked."""


def main(argv: Sequence[str]) -> int:
    options = _parser().parse_args(argv)
    try:
        where = find_installation(options.data_dir)
        asyncio.run(DO[options.command](where, options))
    except (
        RefusedError,
        InstallationMissingError,
        KeyFileError,
        SealError,
        SecretsError,
        ValueError,
        OSError,
        asyncpg.PostgresError,
    ) as error:
        print(f"cannot {options.command}: {error}")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ubertruck secrets", description="Secrets, and the keys that seal them."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    put = commands.add_parser("put", help="a new version, read from the terminal or from stdin")
    put.add_argument("name")
    listing = commands.add_parser("list", help="names and versions, never values")
    for command in (put, listing):
        command.add_argument(
            "--tenant", default=EVERYONE, help="whose secret; * is the installation itself"
        )
    rotate = commands.add_parser("rotate", help="add a key to the key file; it seals from now on")
    reseal = commands.add_parser("reseal", help="move what older keys sealed to the newest one")
    for command in (put, listing, rotate, reseal):
        add_installation_option(command)
    return parser


async def put(where: Installation, options: argparse.Namespace) -> None:
    text = _typed()
    if not text:
        raise RefusedError("an empty value is no secret")
    if len(text.encode()) > policy().secrets.value_bytes_max:
        raise RefusedError(f"a secret has at most {policy().secrets.value_bytes_max} bytes")
    keys = KeyFile(where.key_file)
    conn = await connect(where.postgres, DatabaseRole.SYSTEM)
    secrets = open_patient_secrets(where.secrets, keys, policy)
    try:
        scope = await _scope(conn, options.tenant)
        made = await secrets.put(SecretName(scope, options.name), text)
        after = {"name": options.name, "version": made.version}
        await _record(conn, keys, scope, "secrets.put", f"secrets/{options.name}", after)
    finally:
        await secrets.close()
        await conn.close()
    print(f"secret://{options.name} is at version {made.version}")


async def list_all(where: Installation, options: argparse.Namespace) -> None:
    conn = await connect(where.postgres, DatabaseRole.SYSTEM)
    secrets = open_patient_secrets(where.secrets, KeyFile(where.key_file), policy)
    try:
        for info in await secrets.list_of(await _scope(conn, options.tenant)):
            versions = ", ".join(str(kept.version) for kept in info.versions)
            print(f"secret://{info.name}  versions {versions}")
    finally:
        await secrets.close()
        await conn.close()


async def rotate(where: Installation, _: argparse.Namespace) -> None:
    keys = KeyFile(where.key_file)
    conn = await connect(where.postgres, DatabaseRole.SYSTEM)
    try:
        version = keys.rotate()
        await _record(conn, keys, OF_INSTALLATION, "keys.rotate", "keys", {"version": version})
    finally:
        await conn.close()
    print(f"key {version} seals from now on; keep a copy of {where.key_file}, then run reseal")


async def reseal(where: Installation, _: argparse.Namespace) -> None:
    keys = KeyFile(where.key_file)
    conn = await connect(where.postgres, DatabaseRole.SYSTEM)
    try:
        moved = await reseal_database(conn, keys, RESEAL_ROWS)
        if where.secrets.local_file is not None:
            kept = policy().secrets.versions_kept
            local = LocalSecrets(where.secrets.local_file, keys, lambda: kept)
            moved["secrets"] = await asyncio.to_thread(local.reseal)
        after = {"version": keys.ring.newest, "moved": moved}
        await _record(conn, keys, OF_INSTALLATION, "keys.reseal", "keys", after)
    finally:
        await conn.close()
    for place, count in moved.items():
        print(f"{place}: {count} moved to key {keys.ring.newest}")


async def _scope(conn: AnyConnection, tenant_id: str) -> Scope:
    if tenant_id == EVERYONE:
        return OF_INSTALLATION
    tenant = await tenants.find(conn, tenant_id)
    if tenant is None:
        raise RefusedError(f"there is no tenant {tenant_id!r}")
    return Scope(tenant.key, tenant.id)


async def _record(  # noqa: PLR0917 - each is named at the callers
    conn: AnyConnection, keys: KeyFile, scope: Scope, action: str, subject: str, after: object
) -> None:
    entry = Entry(
        tenant_key=scope.tenant_key,
        tenant=scope.tenant,
        actor=f"cli:{getpass.getuser()}",
        action=action,
        subject=subject,
        at_ms=time.time_ns() // 1_000_000,
        after=after,
    )
    async with conn.transaction():
        await audit.append(conn, Signer(keys, policy().audit.value_bytes_max), [entry])


def _typed() -> str:
    """Never from the command line, which every process of the machine can read."""
    if sys.stdin.isatty():
        return getpass.getpass("value: ")
    return sys.stdin.read().removesuffix("\n")


DO = {"put": put, "list": list_all, "rotate": rotate, "reseal": reseal}
