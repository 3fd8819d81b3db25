"""`operator`: makes the tenant from which an installation is operated, and its first client."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import re
import time
from collections.abc import Sequence

import asyncpg

from config.installation import DatabaseRole, Installation, InstallationMissingError
from config.policy import policy
from launch.installed import add_installation_option, find_installation
from serve.identity.development import TENANTS, is_development
from serve.identity.permissions import Role
from serve.roles.seeding import seed_roles
from serve.tenancy.first_client import make_first_client, new_client_secret
from serve.tenancy.wire import TENANT_PATTERN, ClientCredentials
from store import audit, tenants
from store.audit_chain import INSTALLATION, INSTALLATION_KEY, Entry, Signer
from store.errors import StoreError
from store.key_file import KeyFile, KeyFileError
from store.postgres import AnyConnection, connect


class RefusedError(RuntimeError):
    """The command cannot be done as asked."""


def main(argv: Sequence[str]) -> int:
    options = _parser().parse_args(argv)
    try:
        where = find_installation(options.data_dir)
        client = asyncio.run(make_operator(where, options.id, options.name))
    except (
        RefusedError,
        InstallationMissingError,
        KeyFileError,
        StoreError,
        OSError,
        asyncpg.PostgresError,
    ) as error:
        print(f"cannot make an operator: {error}")
        return 1
    print(f"client id      {client.id}\nclient secret  {client.secret}\nIt is shown this once.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ubertruck operator",
        description="Make the tenant of who operates the installation; it onboards the others.",
    )
    parser.add_argument("id", help="of the new tenant: a-z, 0-9 and -")
    parser.add_argument("--name", required=True, help="the company's name")
    add_installation_option(parser)
    return parser


async def make_operator(where: Installation, tenant_id: str, name: str) -> ClientCredentials:
    if re.fullmatch(TENANT_PATTERN, tenant_id) is None:
        raise RefusedError("an id is 1 to 32 of a-z, 0-9 and -")
    if tenant_id in TENANTS and not is_development():
        raise RefusedError(f"{tenant_id!r} is a name that only development installations use")
    secret = await new_client_secret()
    conn = await connect(where.postgres, DatabaseRole.SYSTEM)
    try:
        async with conn.transaction():
            tenant = await tenants.create(conn, tenant_id, name)
            await seed_roles(conn, tenant)
            client = await make_first_client(conn, tenant, secret, (Role.ADMIN, Role.OPERATOR))
            await _record(conn, where, tenant_id, name)
    finally:
        await conn.close()
    return client


async def _record(conn: AnyConnection, where: Installation, tenant_id: str, name: str) -> None:
    entry = Entry(
        tenant_key=INSTALLATION_KEY,
        tenant=INSTALLATION,
        actor=f"cli:{getpass.getuser()}",
        action="tenants.create",
        subject=f"tenants/{tenant_id}",
        at_ms=time.time_ns() // 1_000_000,
        after={"id": tenant_id, "name": name},
    )
    signer = Signer(KeyFile(where.key_file), policy().audit.value_bytes_max)
    await audit.append(conn, signer, [entry])
