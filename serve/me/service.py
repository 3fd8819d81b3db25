"""What users can do for themselves: look, choose a password, set up a second factor."""

from __future__ import annotations

import contextlib

from serve.gateway import Gateway
from serve.identity.one_time_codes import (
    enrolment_uri,
    matching_step,
    new_recovery_codes,
    new_seed,
    recovery_hash,
)
from serve.identity.patience import Attempt, key_of
from serve.identity.principal import Kind, Principal
from serve.me.wire import MeOut, PasswordChange, RecoveryCodesOut, TotpOut
from serve.problems import ConflictError, ForbiddenError, InvalidError
from serve.sessions.tokens import access_for, granted
from serve.sessions.wire import AccessOut
from serve.users.service import refuse_weak, revoke_older
from serve.users.wire import UserOut, person_of
from store import sessions, users
from store.errors import NotFoundError
from store.postgres import AnyConnection
from store.sessions import EndReason
from store.users import Credentials


async def get(gateway: Gateway, who: Principal) -> MeOut:
    shown = None
    if who.kind is Kind.USER:
        with contextlib.suppress(NotFoundError):
            async with gateway.as_tenant(who) as conn:
                user = await users.get(conn, who.subject)
            shown = UserOut.of(user, gateway.personal, unmasked=True)
    return MeOut.of(who, shown)


async def change_password(gateway: Gateway, who: Principal, wanted: PasswordChange) -> AccessOut:
    """Every other session ends, and every token from before; the answer has the next."""
    user = await _proven(gateway, who, wanted.current, "/current")
    refuse_weak(gateway, wanted.password)
    if wanted.password == wanted.current:
        raise InvalidError.at("/password", "this is the password you have")
    password_hash = await gateway.authority.passwords.hash(wanted.password)
    async with gateway.changing(who, "users.change-password", f"users/{user.id}") as change:
        await _require_unchanged(change.conn, user)
        changed = await users.set_password(change.conn, user.id, password_hash)
        await sessions.end_all(change.conn, user.id, EndReason.PASSWORD, keep=who.session_id)
        await revoke_older(gateway, who, change.conn, changed)
        change.after = UserOut.of(changed, gateway.personal)
    await gateway.authority.note_revoked()
    renewed = await _credentials(gateway, who)
    async with gateway.as_tenant(who) as conn:
        held = await granted(conn, renewed)
    return access_for(gateway, renewed, who.session_id, held)


async def enrol_totp(gateway: Gateway, who: Principal, password: str) -> TotpOut:
    user = await _proven(gateway, who, password, "/password")
    seed = new_seed()
    async with gateway.changing(who, "users.enrol-totp", f"users/{user.id}") as change:
        sealed = gateway.authority.seeds.seal(seed.encode())
        if not await users.enrol_totp(change.conn, user.id, sealed):
            raise ConflictError("there is a second factor already; remove it first")
        email = person_of(await users.get(change.conn, user.id), gateway.personal)["email"]
    return TotpOut(secret=seed, uri=enrolment_uri(seed, f"{who.tenant}:{email}"))


async def confirm_totp(gateway: Gateway, who: Principal, code: str) -> RecoveryCodesOut:
    user = await _credentials(gateway, who)
    if user.totp_sealed is None or user.totp_confirmed_at is not None:
        raise ConflictError("there is no second factor waiting to be confirmed")
    rules = gateway.policy.identity.one_time_codes
    seed = gateway.authority.seeds.open(user.totp_sealed).decode()
    step = matching_step(seed, code, rules.steps_off)
    codes = new_recovery_codes(rules.recovery_codes)
    async with gateway.changing(who, "users.confirm-totp", f"users/{user.id}") as change:
        await _require_unchanged(change.conn, user)
        if step is None or not await users.use_totp_step(change.conn, user.id, step):
            raise InvalidError.at("/code", "this is not the code of now")
        changed = await users.confirm_totp(change.conn, user.id, [*map(recovery_hash, codes)])
        change.after = UserOut.of(changed, gateway.personal)
    return RecoveryCodesOut(recovery_codes=codes)


async def remove_totp(gateway: Gateway, who: Principal, password: str) -> None:
    user = await _proven(gateway, who, password, "/password")
    async with gateway.changing(who, "users.remove-totp", f"users/{user.id}") as change:
        await _require_unchanged(change.conn, user)
        changed = await users.remove_totp(change.conn, user.id)
        change.after = UserOut.of(changed, gateway.personal)


async def _credentials(gateway: Gateway, who: Principal) -> Credentials:
    user = None
    if who.kind is Kind.USER:
        async with gateway.system_pool.acquire() as conn:
            user = await users.credentials_of(conn, who.tenant_key, who.subject)
    if user is None:
        raise ForbiddenError("only a user with a password can do this")
    return user


async def _proven(gateway: Gateway, who: Principal, password: str, pointer: str) -> Credentials:
    """A stolen token is no way to find the password out."""
    user = await _credentials(gateway, who)
    attempt = Attempt(gateway, key_of("user", user.id), is_password=True)
    await attempt.begin()
    if not await gateway.authority.passwords.check(password, user.password_hash):
        await attempt.failed()
        raise InvalidError.at(pointer, "this is not your password")
    await attempt.succeeded()
    return user


async def _require_unchanged(conn: AnyConnection, user: Credentials) -> None:
    if not await users.is_still(conn, user.id, user.version):
        raise ConflictError("somebody has changed you meanwhile; try again")
