"""What can be done with a tenant's carriers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from freight.fleet.kyc import IDENTITY, LEADS_TO, CarrierFacts, KycStep, identity_faults
from freight.fleet.ratings import Counts, rating
from serve.carriers.wire import CarrierChange, CarrierOut, NewCarrier, RatingOut
from serve.gateway import Gateway
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Page
from serve.problems import ConflictError, InvalidError
from store import carriers, fleet_history
from store.carriers import Carrier, CarrierFields
from store.errors import StaleVersionError


def _out(who: Principal, carrier: Carrier) -> CarrierOut:
    return CarrierOut.of(carrier, unmasked=Permission.PERSONAL_READ in who.permissions)


async def create(gateway: Gateway, who: Principal, new: NewCarrier) -> CarrierOut:
    given = CarrierFields(**new.model_dump(exclude={"id"}))
    refuse_impossible(given)
    async with gateway.changing(who, "carriers.create", f"carriers/{new.id}") as change:
        made = await carriers.create(change.conn, gateway.personal, who.tenant_key, new.id, given)
        change.after = CarrierOut.of(made)
    return _out(who, made)


async def get(gateway: Gateway, who: Principal, carrier_id: str) -> CarrierOut:
    async with gateway.as_tenant(who) as conn:
        return _out(who, await carriers.get(conn, gateway.personal, carrier_id))


async def list_page(
    gateway: Gateway, who: Principal, page: Page, having: Mapping[str, str]
) -> ListOf[CarrierOut]:
    async with gateway.as_tenant(who) as conn:
        found = await carriers.list_page(conn, gateway.personal, page.after, page.one_more, having)
    kept, next_cursor = page.cut(found, lambda carrier: carrier.id)
    return ListOf(items=[_out(who, carrier) for carrier in kept], next_cursor=next_cursor)


async def change(
    gateway: Gateway, who: Principal, carrier_id: str, wanted: CarrierChange, expected: int | None
) -> CarrierOut:
    async with gateway.changing(who, "carriers.change", f"carriers/{carrier_id}") as change:
        now = await carriers.get(change.conn, gateway.personal, carrier_id)
        change.before = CarrierOut.of(now)
        fields = now.editable | wanted.model_dump(exclude_unset=True)
        given = CarrierFields(**fields | {"name": wanted.name or now.name})
        if wanted.model_fields_set & {"gstin", "pan", "ifsc"}:
            refuse_impossible(given)
        version = now.version if expected is None else expected
        revised = LEADS_TO[now.kyc_state, KycStep.REVISE]
        changed = await carriers.update(
            change.conn,
            gateway.personal,
            carrier_id,
            given,
            version,
            kyc_state=revised if _is_another(given, now) else now.kyc_state,
        )
        change.after = CarrierOut.of(changed)
    return _out(who, changed)


async def delete(gateway: Gateway, who: Principal, carrier_id: str, expected: int | None) -> None:
    async with gateway.changing(who, "carriers.delete", f"carriers/{carrier_id}") as change:
        now = await carriers.get(change.conn, gateway.personal, carrier_id)
        change.before = CarrierOut.of(now)
        if await carriers.is_used(change.conn, carrier_id):
            raise ConflictError(
                f"carrier {carrier_id!r} has or had trucks or drivers, or somebody signs in for it"
            )
        version = now.version if expected is None else expected
        if not await carriers.delete(change.conn, carrier_id, version):
            raise StaleVersionError("carrier", carrier_id, version, now.version)


async def rating_of(gateway: Gateway, who: Principal, carrier_id: str) -> RatingOut:
    rules = gateway.policy_of(who).fleet.ratings
    since = datetime.now(UTC) - timedelta(days=rules.window_days)
    async with gateway.as_tenant(who) as conn:
        await carriers.get(conn, gateway.personal, carrier_id)
        counts = await fleet_history.counts(conn, who.tenant_key, since, carrier_id)
    return RatingOut.of(rating(counts.get(carrier_id, Counts()), rules), since)


def refuse_impossible(given: CarrierFields) -> None:
    """Numbers with a wrong check character, or that do not belong together."""
    faults = identity_faults(CarrierFacts(gstin=given.gstin, pan=given.pan, ifsc=given.ifsc))
    if faults:
        errors = [{"pointer": f"/{fault.about}", "detail": fault.detail} for fault in faults]
        raise InvalidError("the request is not valid; errors says where", errors=errors)


def _is_another(given: CarrierFields, now: Carrier) -> bool:
    """Whether what was looked at for its KYC has changed."""
    return any(getattr(given, name) != getattr(now, name) for name in IDENTITY)
