"""Feature flags: who gets something new, decided the same way every time they ask."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from config.schema import Section, Who, key

Percentage = Annotated[float, Field(ge=0, le=100)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
TenantId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
Meaning = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
VARIANTS_MAX = 20
TENANTS_MAX = 1000
FULL_PCT = 100.0


class Variant(Section):
    name: Name
    weight: Annotated[float, Field(gt=0, le=1_000_000)]


@dataclass(frozen=True, slots=True)
class Assignment:
    """What one subject gets: whether it is on and, if there are variants, which."""

    on: bool
    variant: str | None
    reason: str  # disabled, tenant, percentage or on: why


class Flag(Section):
    """On for a share of the subjects of some tenants; variants split those it is on for."""

    enabled: bool = False
    percentage: Percentage = FULL_PCT
    # Empty: all tenants.
    tenants: Annotated[tuple[TenantId, ...], Field(max_length=TENANTS_MAX)] = ()
    variants: Annotated[tuple[Variant, ...], Field(max_length=VARIANTS_MAX)] = ()
    meaning: Meaning = ""

    @model_validator(mode="after")
    def _variants_have_names_of_their_own(self) -> Flag:
        if len({variant.name for variant in self.variants}) < len(self.variants):
            raise ValueError("two variants have the same name")
        return self

    def assign(self, name: str, tenant: str, subject: str) -> Assignment:
        """The same for the same subject for as long as the flag is not changed; a larger
        percentage keeps those in who were."""
        if not self.enabled:
            return Assignment(on=False, variant=None, reason="disabled")
        if self.tenants and tenant not in self.tenants:
            return Assignment(on=False, variant=None, reason="tenant")
        if _share(name, "rollout", subject) * FULL_PCT >= self.percentage:
            return Assignment(on=False, variant=None, reason="percentage")
        return Assignment(on=True, variant=self._variant(name, subject), reason="on")

    def _variant(self, name: str, subject: str) -> str | None:
        if not self.variants:
            return None
        # A draw of its own: otherwise a small rollout would see the first variant only.
        at = _share(name, "variant", subject) * sum(v.weight for v in self.variants)
        for variant in self.variants:
            at -= variant.weight
            if at < 0:
                return variant.name
        return self.variants[-1].name


def _share(name: str, purpose: str, subject: str) -> float:
    """From 0 up to, not including, 1: evenly spread over subjects, fixed for each."""
    digest = hashlib.blake2b(f"{name}\x1f{purpose}\x1f{subject}".encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / float(1 << 48)


class Operational(Section):
    flags: dict[Name, Flag] = key(
        "Feature flags by name: enabled, percentage, tenants, variants with weights.",
        who=Who.TENANT,
        live=True,
    )
