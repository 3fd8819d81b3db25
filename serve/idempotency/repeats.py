"""Idempotency-Key: whatever happens in between, a request is done once and answered alike."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import Request, Response
from pydantic import BaseModel

from config.policy import Settings
from config.sections.edge import Idempotency
from serve.idempotency.repeatable import KEPT_HEADERS, Repeatable
from serve.identity.principal import Principal
from serve.metrics import GatewayMetrics
from serve.problems import ConflictError, InvalidError, ProblemError
from serve.request_record import current
from store import idempotency
from store.idempotency import Answer, Claim, Done, KeyOf
from store.key_file import KeyFile
from store.postgres import STORE_FAILURES, AnyConnection, AnyPool, as_tenant
from store.sealing import Sealer

PURPOSE = "idempotency"
REPLAYED = "Idempotency-Replayed"
logger = logging.getLogger("ubertruck.idempotency")


class ReplayedError(Exception):
    """Not an error of anybody's: ends a request whose answer is known."""

    def __init__(self, answer: Answer, body: bytes) -> None:
        super().__init__("answered before")
        self.response = Response(body, answer.status, headers={**answer.headers, REPLAYED: "true"})


class Repeats:
    def __init__(
        self,
        keys: KeyFile,
        settings: Settings,
        app_pool: AnyPool,
        system_pool: AnyPool,
        metrics: GatewayMetrics,
    ) -> None:
        self._sealer = Sealer(keys, PURPOSE)
        self._settings = settings
        self._app_pool = app_pool
        self._system_pool = system_pool
        self._metrics = metrics

    @property
    def _limits(self) -> Idempotency:
        return self._settings.now.edge.idempotency

    async def replay(self, request: Request, who: Principal) -> None:
        """Before the route runs: ends a request that was done before with the answer of then."""
        record = current()
        repeatable = None if record is None else record.repeatable
        if repeatable is None:
            return
        if not repeatable.is_read:
            await request.body()
        repeatable.of = KeyOf(who.tenant_key, who.name, repeatable.key)
        async with as_tenant(self._app_pool, who.tenant_key) as conn:
            done = await idempotency.find(conn, repeatable.of)
        if done is not None:
            raise self._again(repeatable, repeatable.of, done)

    @staticmethod
    def is_asked_for() -> bool:
        """Whether the request at hand has a key, which its change must claim."""
        repeatable = _at_hand()
        return repeatable is not None and repeatable.of is not None

    async def claim(self, conn: AnyConnection, subject: str) -> None:
        """First thing in the transaction of a change; of several in a request the first counts."""
        repeatable = _at_hand()
        if repeatable is None or repeatable.of is None or repeatable.claimed:
            return
        found = await idempotency.claim(
            conn, repeatable.of, repeatable.fingerprint, subject, self._limits.keys_kept_s
        )
        if isinstance(found, Done):
            raise self._again(repeatable, repeatable.of, found)
        if found is Claim.IN_PROGRESS:
            raise self._in_progress()
        repeatable.claimed = True

    async def note_outcome(
        self, conn: AnyConnection, subject: str, after: BaseModel | None
    ) -> None:
        """Last thing before the commit, for a process that dies between it and its answer.

        Only where the route answers with the changed object itself: then the answer is known.
        """
        repeatable = _at_hand()
        if repeatable is None or repeatable.of is None or not repeatable.claimed or after is None:
            return
        status = repeatable.route_status or HTTPStatus.OK
        if repeatable.route_answers_with is not type(after):
            return
        headers = {"content-type": "application/json"}
        if status == HTTPStatus.CREATED:
            headers["location"] = f"/v1/{subject}"
        version = getattr(after, "version", None)
        if isinstance(version, int):
            headers["etag"] = f'"{version}"'
        body = after.model_dump_json(by_alias=True).encode()
        answer = self._sealed(repeatable.of, status, headers, body)
        await idempotency.keep_answer(conn, repeatable.of, repeatable.fingerprint, answer)

    async def keep(
        self, repeatable: Repeatable, status: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        """The answer as it goes out. Failing to keep it fails nothing: the key itself is kept."""
        of = repeatable.of
        if of is None:
            return
        kept = {name: value for name, value in headers.items() if name in KEPT_HEADERS}
        answer = self._sealed(of, status, kept, body)
        try:
            async with as_tenant(self._app_pool, of.tenant_key) as conn:
                await idempotency.keep_answer(conn, of, repeatable.fingerprint, answer)
        except STORE_FAILURES as failed:
            logger.warning("an answer could not be kept for a repeat: %s", failed)

    async def sweep(self) -> None:
        """Removes what has expired, for as long as the gateway runs."""
        while True:
            await asyncio.sleep(self._limits.sweep_s)
            try:
                await self.sweep_once()
            except STORE_FAILURES as failed:
                logger.warning("expired idempotency keys could not be removed: %s", failed)

    async def sweep_once(self) -> int:
        rows_max = self._limits.sweep_rows
        removed = 0
        while True:
            async with self._system_pool.acquire() as conn:
                some = await idempotency.delete_expired(conn, rows_max)
            removed += some
            if some < rows_max:
                return removed

    def _sealed(self, of: KeyOf, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        return Answer(status, headers, self._sealer.seal(body, of.place))

    def _again(self, repeatable: Repeatable, of: KeyOf, done: Done) -> Exception:
        if done.fingerprint != repeatable.fingerprint:
            self._metrics.repeats.labels("other request").inc()
            detail = "this Idempotency-Key was used for another request"
            return InvalidError.at("Idempotency-Key", detail, **{"in": "header"})
        if done.answer is not None:
            self._metrics.repeats.labels("replayed").inc()
            body = self._sealer.open(done.answer.body, of.place)
            return ReplayedError(done.answer, body)
        if done.age_s < self._settings.now.api.request_deadline_s:
            return self._in_progress()
        self._metrics.repeats.labels("answer lost").inc()
        return ConflictError(
            f"this was done ({done.subject}), but its answer is not known any more; "
            "a secret in it was shown once",
            headers={"Location": f"/v1/{done.subject}"},
        )

    def _in_progress(self) -> ProblemError:
        self._metrics.repeats.labels("in progress").inc()
        return ConflictError(
            "a request with this Idempotency-Key is under way",
            headers={"Retry-After": str(self._limits.in_progress_retry_s)},
        )


async def answer_replayed(_: Request, raised: Exception) -> Response:
    assert isinstance(raised, ReplayedError)  # noqa: S101 - what it is registered for
    return raised.response


def _at_hand() -> Repeatable | None:
    record = current()
    return None if record is None else record.repeatable
