"""What can be done with a tenant's users by those who administer them."""

from __future__ import annotations

import uuid

from serve.gateway import Change, Gateway
from serve.identity.granted import require_above, require_grantable
from serve.identity.passwords import new_password
from serve.identity.permissions import Permission
from serve.identity.principal import Kind, Principal
from serve.paging import ListOf, Page
from serve.problems import ConflictError, InvalidError
from serve.users.wire import (
    NewUser,
    NewUserOut,
    OneTimePassword,
    UserChange,
    UserOut,
    person_of,
)
from store import carriers, revocations, sessions, users
from store.errors import StaleVersionError
from store.personal import PersonalData
from store.postgres import AnyConnection
from store.sessions import EndReason
from store.users import SealedPerson, User


def new_id() -> str:
    return f"u-{uuid.uuid4().hex}"


def sealed(
    personal: PersonalData, email: str, name: str | None = None, phone: str | None = None
) -> SealedPerson:
    return SealedPerson(
        email_sealed=personal.seal(email),
        email_index=personal.blind_index("email", email),
        name_sealed=None if name is None else personal.seal(name),
        phone_sealed=None if phone is None else personal.seal(phone),
        phone_index=None if phone is None else personal.blind_index("phone", phone),
    )


def refuse_weak(gateway: Gateway, password: str) -> None:
    refusal = gateway.authority.passwords.refusal_of(password)
    if refusal is not None:
        raise InvalidError.at("/password", refusal)


async def create(gateway: Gateway, who: Principal, new: NewUser) -> NewUserOut:
    if new.password is not None:
        refuse_weak(gateway, new.password)
    password = new.password or new_password()
    password_hash = await gateway.authority.passwords.hash(password)
    user_id, personal = new_id(), gateway.personal
    async with gateway.changing(who, "users.create", f"users/{user_id}") as change:
        conn = change.conn
        await require_grantable(conn, who, set(new.roles), carrier=new.carrier, shipper=new.shipper)
        await _require_carrier(conn, who, new.carrier)
        await users.create(
            conn,
            who.tenant_key,
            id=user_id,
            person=sealed(personal, new.email, new.name, new.phone),
            password_hash=password_hash,
            one_time_s=gateway.policy_of(who).identity.passwords.one_time_valid_s,
            roles=sorted(set(new.roles)),
            carrier=new.carrier,
            shipper=new.shipper,
        )
        made = await users.get(conn, user_id)
        change.after = UserOut.of(made, personal)
    shown = None if new.password else password
    return NewUserOut(**dict(_out(gateway, who, made)), one_time_password=shown)


async def get(gateway: Gateway, who: Principal, user_id: str) -> UserOut:
    async with gateway.as_tenant(who) as conn:
        return _out(gateway, who, await users.get(conn, user_id))


async def list_page(
    gateway: Gateway, who: Principal, page: Page, email: str | None
) -> ListOf[UserOut]:
    index = None if email is None else gateway.personal.blind_index("email", email)
    async with gateway.as_tenant(who) as conn:
        found = await users.list_page(conn, page.after, page.one_more, index)
    kept, next_cursor = page.cut(found, lambda user: user.id)
    return ListOf(items=[_out(gateway, who, user) for user in kept], next_cursor=next_cursor)


async def change(
    gateway: Gateway, who: Principal, user_id: str, wanted: UserChange, expected: int | None
) -> UserOut:
    given = wanted.model_dump(exclude_unset=True)
    for name in ("email", "roles"):
        if name in given and given[name] is None:
            raise InvalidError.at(f"/{name}", "a user cannot be without it")
    async with gateway.changing(who, "users.change", f"users/{user_id}") as change:
        now = await _above(gateway, who, change, user_id)
        bounds = {"carrier": now.carrier, "shipper": now.shipper, "roles": now.roles} | {
            name: given[name] for name in ("carrier", "shipper", "roles") if name in given
        }
        roles = sorted(set(bounds["roles"]))
        await require_grantable(
            change.conn, who, roles, carrier=bounds["carrier"], shipper=bounds["shipper"]
        )
        if bounds["carrier"] != now.carrier:
            await _require_carrier(change.conn, who, bounds["carrier"])
        person = person_of(now, gateway.personal)
        person |= {name: given[name] for name in person if name in given}
        changed = await users.update(
            change.conn,
            user_id,
            person=sealed(gateway.personal, **person),
            roles=roles,
            carrier=bounds["carrier"],
            shipper=bounds["shipper"],
            is_disabled=now.disabled_at is not None,
            expected_version=now.version if expected is None else expected,
        )
        if {"roles", "carrier", "shipper"} & given.keys():
            await revoke_older(gateway, who, change.conn, changed)
        change.after = UserOut.of(changed, gateway.personal)
    await _take_revocations(gateway)
    return _out(gateway, who, changed)


async def disable(gateway: Gateway, who: Principal, user_id: str, expected: int | None) -> UserOut:
    """Every session ends, and every token of it."""
    if who.kind is Kind.USER and who.subject == user_id:
        raise ConflictError("nobody can disable oneself")
    async with gateway.changing(who, "users.disable", f"users/{user_id}") as change:
        changed = await _turn(gateway, who, change, user_id, expected, is_disabled=True)
        await sessions.end_all(change.conn, user_id, EndReason.DISABLED)
        await revoke_older(gateway, who, change.conn, changed)
    await _take_revocations(gateway)
    return _out(gateway, who, changed)


async def enable(gateway: Gateway, who: Principal, user_id: str, expected: int | None) -> UserOut:
    async with gateway.changing(who, "users.enable", f"users/{user_id}") as change:
        changed = await _turn(gateway, who, change, user_id, expected, is_disabled=False)
    return _out(gateway, who, changed)


async def reset_password(
    gateway: Gateway, who: Principal, user_id: str, expected: int | None
) -> OneTimePassword:
    """For who has forgotten it; whoever is signed in as this user is so no longer."""
    password = new_password()
    password_hash = await gateway.authority.passwords.hash(password)
    lasts_s = gateway.policy_of(who).identity.passwords.one_time_valid_s
    async with gateway.changing(who, "users.reset-password", f"users/{user_id}") as change:
        now = await _above(gateway, who, change, user_id)
        _require_version(now, expected)
        changed = await users.set_password(change.conn, user_id, password_hash, lasts_s)
        await sessions.end_all(change.conn, user_id, EndReason.PASSWORD)
        await revoke_older(gateway, who, change.conn, changed)
        change.after = UserOut.of(changed, gateway.personal)
    await _take_revocations(gateway)
    return OneTimePassword(one_time_password=password)


async def remove_totp(
    gateway: Gateway, who: Principal, user_id: str, expected: int | None
) -> UserOut:
    """For who has lost the device and the recovery codes; whoever is signed in is so no longer."""
    async with gateway.changing(who, "users.remove-totp", f"users/{user_id}") as change:
        now = await _above(gateway, who, change, user_id)
        _require_version(now, expected)
        changed = await users.remove_totp(change.conn, user_id)
        await sessions.end_all(change.conn, user_id, EndReason.ENDED)
        await revoke_older(gateway, who, change.conn, changed)
        change.after = UserOut.of(changed, gateway.personal)
    await _take_revocations(gateway)
    return _out(gateway, who, changed)


def _require_version(user: User, expected: int | None) -> None:
    if expected is not None and expected != user.version:
        raise StaleVersionError("user", user.id, expected, user.version)


async def _take_revocations(gateway: Gateway) -> None:
    """Here at once; if the database has just gone away, by the poll as everywhere else."""
    await gateway.authority.note_revoked()


async def _turn(
    gateway: Gateway,
    who: Principal,
    change: Change,
    user_id: str,
    expected: int | None,
    *,
    is_disabled: bool,
) -> User:
    now = await _above(gateway, who, change, user_id)
    changed = await users.update(
        change.conn,
        user_id,
        person=sealed(gateway.personal, **person_of(now, gateway.personal)),
        roles=now.roles,
        carrier=now.carrier,
        shipper=now.shipper,
        is_disabled=is_disabled,
        expected_version=now.version if expected is None else expected,
    )
    change.after = UserOut.of(changed, gateway.personal)
    return changed


async def _above(gateway: Gateway, who: Principal, change: Change, user_id: str) -> User:
    """The user as it is, whom the caller may change."""
    now = await users.get(change.conn, user_id)
    if not await users.is_still(change.conn, user_id, now.version):
        raise ConflictError("somebody has changed this user meanwhile; try again")
    change.before = UserOut.of(now, gateway.personal)
    await require_above(change.conn, who, now.roles, carrier=now.carrier, shipper=now.shipper)
    return now


async def revoke_older(gateway: Gateway, who: Principal, conn: AnyConnection, user: User) -> None:
    """Tokens from before this version say what no longer holds."""
    lives_s = gateway.authority.token_lives_s
    name = f"{Kind.USER}:{user.id}"
    await revocations.revoke_subject(conn, who.tenant_key, name, user.version, lives_s)


async def _require_carrier(conn: AnyConnection, who: Principal, carrier: str | None) -> None:
    if carrier is not None and not await carriers.exists(conn, who.tenant_key, carrier):
        raise InvalidError.at("/carrier", f"there is no carrier {carrier!r}")


def _out(gateway: Gateway, who: Principal, user: User) -> UserOut:
    return UserOut.of(user, gateway.personal, unmasked=Permission.PERSONAL_READ in who.permissions)
