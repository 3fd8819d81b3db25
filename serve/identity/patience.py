"""Makes guessing slow: who fails too often waits, longer each time, whatever replica it asks."""

from __future__ import annotations

import hashlib
import math

from config.sections.identity import Lockout
from serve.gateway import Gateway
from serve.origin import subject_of
from serve.problems import TooManyError
from serve.request_record import current
from store import sign_in_failures
from store.sign_in_failures import Patience


def key_of(kind: str, *parts: str) -> bytes:
    """What failures are counted under; says nothing of whose they are."""
    whole = "\0".join((kind, *parts))
    return hashlib.sha256(b"ubertruck/sign-in/" + whole.encode()).digest()


def address_key() -> bytes:
    request = current()
    return key_of("address", subject_of(request.origin if request else None))


class Attempt:
    """One attempt of somebody to prove who they are.

    Of a password it counts as failed before it is tried, so that many at once count as many. Of a
    long random secret only what has failed counts: programs ask for many tokens at once.
    """

    def __init__(self, gateway: Gateway, account: bytes, *, is_password: bool) -> None:
        self._gateway = gateway
        self._account = account
        self._address = address_key()
        self._is_password = is_password

    async def begin(self) -> None:
        """Raises while the account or the address has to wait."""
        async with self._gateway.system_pool.acquire() as conn:
            waits_s = await sign_in_failures.wait_of(conn, self._address)
            if not waits_s:
                waits_s = (
                    await sign_in_failures.count_attempt(
                        conn, self._account, self._patience(self._limits.account_free)
                    )
                    if self._is_password
                    else await sign_in_failures.wait_of(conn, self._account)
                )
        if waits_s:
            self._gateway.metrics.refused.labels("lockout").inc()
            raise TooManyError(
                "too many failed attempts; try again later",
                headers={"Retry-After": str(math.ceil(waits_s))},
            )

    async def failed(self) -> None:
        limits = self._limits
        async with self._gateway.system_pool.acquire() as conn:
            address = self._patience(limits.address_free)
            await sign_in_failures.count_attempt(conn, self._address, address)
            if not self._is_password:
                account = self._patience(limits.client_free)
                await sign_in_failures.count_attempt(conn, self._account, account)

    async def succeeded(self) -> None:
        async with self._gateway.system_pool.acquire() as conn:
            await sign_in_failures.forgive(conn, self._account)

    async def unfinished(self) -> None:
        """The password was right, and something was left out that is asked for next."""
        async with self._gateway.system_pool.acquire() as conn:
            await sign_in_failures.take_back(conn, self._account)

    @property
    def _limits(self) -> Lockout:
        return self._gateway.policy.identity.lockout

    def _patience(self, free: int) -> Patience:
        limits = self._limits
        return Patience(free, limits.delay_first_s, limits.delay_s_max, limits.forget_after_s)
