"""`audit verify`: proves the audit chains of an installation, or names the rows that break them."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence

import asyncpg

from config.installation import DatabaseRole, Installation, InstallationMissingError
from config.policy import policy
from launch.installed import add_installation_option, find_installation
from store import audit
from store.audit import Chain, Verdict
from store.audit_chain import Head
from store.key_file import KeyFile, KeyFileError
from store.postgres import AnyConnection, connect


def main(argv: Sequence[str]) -> int:
    options = _parser().parse_args(argv)
    if options.expect and not options.tenant:
        print("--expect is of one chain: name it with --tenant")
        return 2
    try:
        where = find_installation(options.data_dir)
        return asyncio.run(_verify(where, options.tenant, options.expect))
    except (
        InstallationMissingError,
        KeyFileError,
        OSError,
        asyncpg.PostgresError,
    ) as error:
        print(f"cannot verify: {error}")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ubertruck audit",
        description="The audit trail. Exit code 0: whole; 1: broken, and where; 2: not looked at.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify", help="look for changed, removed, added or moved rows")
    verify.add_argument("--tenant", help="only this tenant's chain; * is the installation's own")
    verify.add_argument(
        "--expect",
        metavar="SEQ:HASH",
        type=_head,
        help="a head that an earlier verify printed: finds a chain that was cut off or rewritten",
    )
    add_installation_option(verify)
    return parser


def _head(text: str) -> Head:
    try:
        return Head.parse(text)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(str(wrong)) from wrong


async def _verify(where: Installation, tenant: str | None, expected: Head | None) -> int:
    keys = KeyFile(where.key_file)
    conn = await connect(where.postgres, DatabaseRole.SYSTEM)
    try:
        lost = await audit.missing_guards(conn)
        chains = [c for c in await audit.chains(conn) if tenant is None or c.tenant == tenant]
        if tenant is not None and not chains:
            print(f"there is no chain of {tenant!r}")
            return 1 if expected else 2
        verdicts = [await _one(conn, keys, chain, expected) for chain in chains]
    finally:
        await conn.close()
    for guard in lost:
        print(f"the database does not protect the trail as it should: {guard}")
    return 1 if lost or any(verdict.faults for verdict in verdicts) else 0


async def _one(conn: AnyConnection, keys: KeyFile, chain: Chain, expected: Head | None) -> Verdict:
    limits = policy().audit
    async with conn.transaction():
        verdict = await audit.verify(
            conn,
            keys,
            chain.tenant_key,
            read_rows=limits.read_rows,
            faults_max=limits.verify_faults_max,
            expected=expected,
        )
    state = "BROKEN" if verdict.faults else "whole"
    print(f"{chain.tenant}: {verdict.rows} rows, {state}, head {verdict.head}")
    for fault in verdict.faults:
        print(f"  row {fault.seq} {fault.what}")
    if not verdict.is_complete:
        print("  and no further: too many faults")
    return verdict
