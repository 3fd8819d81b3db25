"""An audit chain of a tenant's own, for the tests that look at it and those that break it."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.audit_chain import Signer
from store.key_file import KeyFile, create_key_ring
from store.postgres import AnyPool
from store.tenants import Tenant
from tests.store.audit_rows import BYTES_MAX, add


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    create_key_ring(tmp_path / "keys.json")
    return KeyFile(tmp_path / "keys.json")


@pytest.fixture
def signer(keys: KeyFile) -> Signer:
    return Signer(keys, BYTES_MAX)


@pytest.fixture
async def chain(app: AnyPool, signer: Signer, tenant: Tenant) -> Tenant:
    """Of six rows."""
    await add(app, signer, tenant, 6)
    return tenant
