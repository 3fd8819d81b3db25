"""Callers that speak for one carrier or shipper of their tenant."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from serve.gateway import Gateway
from serve.identity import access
from serve.identity.permissions import Role
from store.tenants import Tenant
from tests.serve.conftest import token_for


class BoundTokens:
    """Tokens that are read as if they carried a binding, whoever issued them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._bindings: dict[str, dict[str, Any]] = {}
        verified = access.verify

        async def verify(gateway: Gateway, token: str) -> Any:
            who = await verified(gateway, token)
            return dataclasses.replace(who, **self._bindings.get(token, {}))

        monkeypatch.setattr(access, "verify", verify)

    def token(
        self, gateway: Gateway, tenant: Tenant, role: Role = Role.CARRIER, **binding: str
    ) -> str:
        token = token_for(gateway, tenant, role)
        self._bindings[token] = binding
        return token
