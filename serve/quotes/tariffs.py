"""The rates that hold for each tenant, with where they come from, as long as nothing changes."""

from __future__ import annotations

from dataclasses import dataclass

from config.paths import key_of
from config.policy import Settings, Snapshot
from config.resolution import most_specific
from config.snapshot import present_environment
from freight.pricing.lines import Origin, Tariff
from freight.pricing.quotes import digest_of, rates_written

FOLDER = "services/pricing/business"


@dataclass(frozen=True)
class HeldTariff:
    tariff: Tariff
    body: bytes  # as it is kept with quotes
    digest: str


class Tariffs:
    """Of one snapshot of the configuration; the next begins anew."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._of: Snapshot | None = None
        self._held: dict[str, HeldTariff] = {}
        # By tenant's key and digest: the database has them, and nobody can take them away.
        self._kept: set[tuple[int, str]] = set()

    def of(self, tenant: str) -> HeldTariff:
        snapshot = self._settings.snapshot
        if snapshot is not self._of:
            self._of, self._held, self._kept = snapshot, {}, set()
        held = self._held.get(tenant)
        if held is None:
            held = self._held[tenant] = _held(snapshot, tenant)
        return held

    def is_kept(self, tenant_key: int, held: HeldTariff) -> bool:
        return (tenant_key, held.digest) in self._kept

    def note_kept(self, tenant_key: int, held: HeldTariff) -> None:
        """After the commit."""
        self._kept.add((tenant_key, held.digest))


def _held(snapshot: Snapshot, tenant: str) -> HeldTariff:
    chosen = most_specific(snapshot.overrides, tenant, present_environment())
    origins = {
        name.removeprefix(f"{FOLDER}/"): Origin(f"/{one.tenant}/{one.key}", one.version)
        for name, one in chosen.items()
        if name.startswith(f"{FOLDER}/")
    }
    tariff = Tariff(
        rules=snapshot.of(tenant).pricing,
        origins=origins,
        default_folder=f"/*/{key_of(FOLDER)}",
        revision=snapshot.revision,
    )
    body = rates_written(tariff)
    return HeldTariff(tariff, body, digest_of(body))
