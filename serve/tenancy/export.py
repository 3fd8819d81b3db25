"""One tenant's rows as a zip of JSON lines, written piece by piece whatever their number."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import zipfile
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import IO

from serve.documents.vault import DocumentVault
from store import documents, offboarding
from store.blobs.port import BlobMissingError
from store.offboarding import TenantTable
from store.personal import PersonalData
from store.postgres import AnyConnection
from store.sealing import SealError
from store.tenants import TenantDetail

SEALED = "_sealed"
OWN_EYES_ONLY = 0o600
DOCUMENTS_AT_ONCE = 200  # rows in memory, without their contents


class ExportFile:
    """A zip under its final name only when it is complete."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_suffix(".part")
        self._stack = ExitStack()
        self._zip: zipfile.ZipFile | None = None

    def __enter__(self) -> ExportFile:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._part.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        raw = self._stack.enter_context(os.fdopen(os.open(self._part, flags, OWN_EYES_ONLY), "wb"))
        zipped = zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED)
        self._zip = self._stack.enter_context(zipped)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stack.close()
        if kind is None:
            self._part.rename(self._path)
        else:
            self._part.unlink(missing_ok=True)

    def member(self, name: str) -> IO[bytes]:
        assert self._zip is not None  # noqa: S101 - it is entered
        return self._zip.open(name, "w", force_zip64=True)


async def export_tenant(  # noqa: PLR0917 - what, to where, how
    conn: AnyConnection,
    tenant: TenantDetail,
    path: Path,
    personal: PersonalData,
    vault: DocumentVault,
    blocks_at_once: int,
) -> int:
    """Writes all tables, and what lies in files; gives the size of the export in bytes."""
    tables = sorted(await offboarding.tables(conn), key=lambda table: table.part_of)
    counts: Counter[str] = Counter()
    with ExportFile(path) as file:
        for name, parts in groupby(tables, key=lambda table: table.part_of):
            with file.member(f"{name}.jsonl") as member:
                counts[name] = await _write(
                    member, conn, tenant.key, parts, personal, blocks_at_once
                )
        lost = await _put_documents(file, conn, tenant.key, vault)
        with file.member("manifest.json") as member:
            member.write(_manifest(tenant, counts, tables, lost))
    return (await asyncio.to_thread(path.stat)).st_size


async def _put_documents(
    file: ExportFile, conn: AnyConnection, tenant_key: int, vault: DocumentVault
) -> list[str]:
    """Each under its id; those that cannot be read any more hold up nobody's leave."""
    lost = []
    async for document in documents.of_tenant(conn, tenant_key, DOCUMENTS_AT_ONCE):
        name = f"documents/{document.id}.{document.form.rpartition('/')[2]}"
        try:
            parts = [part async for part in vault.read(document, 0, document.size_bytes)]
        except (BlobMissingError, SealError):
            lost.append(document.id)
            continue
        with file.member(name) as member:
            await asyncio.to_thread(member.writelines, parts)
    return lost


async def _write(  # noqa: PLR0917 - what, from where, how
    member: IO[bytes],
    conn: AnyConnection,
    tenant_key: int,
    parts: Iterable[TenantTable],
    personal: PersonalData,
    blocks_at_once: int,
) -> int:
    written = 0
    for table in parts:
        async for rows in offboarding.exported(conn, tenant_key, table, blocks_at_once):
            await asyncio.to_thread(_put, member, rows, personal)
            written += len(rows)
    return written


def _put(member: IO[bytes], rows: list[str], personal: PersonalData) -> None:
    for text in rows:
        line = _opened(json.loads(text), personal) if SEALED in text else text
        member.write(line.encode() + b"\n")


def _opened(row: dict[str, object], personal: PersonalData) -> str:
    """Personal data is the tenant's: it leaves readable, under the name without the seal."""
    for column in [column for column in row if column.endswith(SEALED)]:
        row[column.removesuffix(SEALED)] = _text_of(row.pop(column), personal)
    return json.dumps(row, ensure_ascii=False)


def _text_of(sealed: object, personal: PersonalData) -> str | None:
    """None for what is empty, and for what was sealed as something else than personal data."""
    if not isinstance(sealed, str):
        return None
    with contextlib.suppress(SealError):
        return personal.open(bytes.fromhex(sealed.removeprefix("\\x")))
    return None


def _manifest(
    tenant: TenantDetail, counts: Counter[str], tables: Iterable[TenantTable], lost: list[str]
) -> bytes:
    left_out = {table.part_of: list(table.hidden) for table in tables if table.hidden}
    about = {
        "tenant": tenant.id,
        "name": tenant.name,
        "created_at": tenant.created_at.isoformat(),
        "exported_at": datetime.now(UTC).isoformat(),
        "rows": dict(sorted(counts.items())),
        # Secrets, hashes and what only serves to find something.
        "columns_left_out": left_out,
        # Whose contents could not be read any more.
        "documents_lost": lost,
    }
    return json.dumps(about, indent=2, ensure_ascii=False).encode()
