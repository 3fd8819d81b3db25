"""Signing in: the password, the second factor, and one text for all that is wrong."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from serve.gateway import Gateway
from serve.identity.one_time_codes import matching_step, recovery_hash
from serve.identity.patience import Attempt, key_of
from serve.problems import TenantSuspendedError, UnauthorisedError
from serve.request_record import current
from serve.sessions.tokens import access_for, granted, new_refresh_token, principal_of
from serve.sessions.wire import NewSession, NewSessionOut, SessionOut
from store import sessions, users
from store.postgres import AnyConnection
from store.users import Credentials

SESSION_BYTES = 16  # fixed: 128 bits: no two are ever the same
USER_AGENT_CHARS_MAX = 200  # fixed: enough to tell a person which of their devices it is


class CodeNeededError(UnauthorisedError):
    kind = "code-required"


class WrongError(Exception):
    """What was wrong is for the audit trail only."""


async def sign_in(gateway: Gateway, new: NewSession, user_agent: str | None) -> NewSessionOut:
    index = gateway.personal.blind_index("email", new.email)
    account = key_of("account", new.tenant, index.hex())
    attempt = Attempt(gateway, account, is_password=True)
    await attempt.begin()
    async with gateway.system_pool.acquire() as conn:
        user = await users.credentials_by_email(conn, new.tenant, index)
    try:
        known = await _checked(gateway, user, new.password)
        if known.totp_confirmed_at is not None and new.code is None:
            await attempt.unfinished()
            raise CodeNeededError("send the one-time code of your second factor as well")
        made = await _begin(gateway, known, new.code, user_agent)
    except WrongError as wrong:
        gateway.metrics.refused.labels("password").inc()
        gateway.audit.sign_in_refused(
            f"user:{user.id if user else new.email}",
            user.tenant_key if user else None,
            user.tenant if user else None,
            str(wrong),
        )
        await attempt.failed()
        raise UnauthorisedError("the tenant, e-mail address, password or code is wrong") from None
    await attempt.succeeded()
    await _renew_hash(gateway, known, new.password)
    return made


async def _checked(gateway: Gateway, user: Credentials | None, password: str) -> Credentials:
    """Who does not exist takes the same time, and reads the same."""
    is_right = await gateway.authority.passwords.check(
        password, user.password_hash if user else None
    )
    if user is None:
        raise WrongError("unknown user")
    if not is_right:
        raise WrongError("wrong password")
    if user.disabled_at is not None:
        raise WrongError("the user is disabled")
    if user.one_time_until is not None and user.one_time_until <= datetime.now(UTC):
        raise WrongError("the one-time password has expired")
    if user.tenant_key in gateway.tenants.closed:
        raise TenantSuspendedError("this tenant is suspended; ask who operates the installation")
    return user


async def _begin(
    gateway: Gateway, user: Credentials, code: str | None, user_agent: str | None
) -> NewSessionOut:
    session_id = f"s-{secrets.token_hex(SESSION_BYTES)}"
    request = current()
    subject = f"sessions/{session_id}"
    async with gateway.changing(principal_of(user), "sessions.create", subject) as change:
        if not await users.is_still(change.conn, user.id, user.version):
            raise WrongError("the user was changed meanwhile")
        if user.totp_confirmed_at is not None:
            await use_code(gateway, change.conn, user, code or "")
        session = await sessions.begin(
            change.conn,
            user.tenant_key,
            id=session_id,
            user_id=user.id,
            lasts_s=gateway.policy.identity.sessions.lasts_s,
            origin=request.origin if request else None,
            user_agent=user_agent and user_agent[:USER_AGENT_CHARS_MAX],
        )
        refresh, refresh_s = await new_refresh_token(
            gateway, change.conn, user.tenant_key, session_id
        )
        held = await granted(change.conn, user)
        change.after = SessionOut.of(session, session_id)
    return NewSessionOut(
        **dict(access_for(gateway, user, session_id, held)),
        refresh_token=refresh,
        refresh_expires_in=refresh_s,
        session_id=session_id,
        must_change_password=user.one_time_until is not None,
    )


async def use_code(gateway: Gateway, conn: AnyConnection, user: Credentials, code: str) -> None:
    """A code is good one time, whichever kind it is."""
    if user.totp_sealed is None:
        raise WrongError("there is no second factor")
    seed = gateway.authority.seeds.open(user.totp_sealed).decode()
    step = matching_step(seed, code, gateway.policy.identity.one_time_codes.steps_off)
    if step is not None:
        if not await users.use_totp_step(conn, user.id, step):
            raise WrongError("the one-time code was used before")
    elif not await users.use_recovery_code(conn, user.id, recovery_hash(code)):
        raise WrongError("wrong one-time code")


async def _renew_hash(gateway: Gateway, user: Credentials, password: str) -> None:
    passwords = gateway.authority.passwords
    if passwords.is_outdated(user.password_hash):
        renewed = await passwords.hash(password)
        async with gateway.as_tenant(principal_of(user)) as conn:
            await users.renew_hash(conn, user.id, user.version, renewed)
