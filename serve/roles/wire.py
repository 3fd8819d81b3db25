"""Roles as the API takes and gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from serve.fields import ObjectId, Strict
from serve.identity.permissions import Permission
from store.roles import StoredRole

Permissions = Annotated[list[Permission], Field(max_length=len(Permission))]


class NewRole(Strict):
    name: ObjectId
    permissions: Permissions


class RoleChange(Strict):
    permissions: Permissions


class RoleOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    name: str
    permissions: list[str]
    seeded: bool = Field(description="came with the product")
    created_at: datetime
    version: int

    @classmethod
    def of(cls, role: StoredRole) -> RoleOut:
        return cls.model_validate(role)
