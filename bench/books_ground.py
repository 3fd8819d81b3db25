"""Where `bench books` happens: a tenant with its parties, a desk, a sandbox, and a month's time."""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextvars import ContextVar
from datetime import date
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from pydantic import SecretStr

from actors import bookings
from actors.booking_writing import TenantName
from actors.bookings import Bookings
from actors.money.desk import Desk
from bench.books_month import HOME, START_MS, Carrier, Month, Shipper
from bench.stack import free_port
from config.installation import DatabaseRole, Http, Installation, PaymentSandbox
from config.policy import Policy, Settings, defaults
from config.sections.storage import Pool
from freight.settlements.rules import Cycle
from freight.tax.tds import Declaration
from providers.metering import Unmetered
from providers.opening import Providers
from providers.secret_source import HeldSecret, TenantNamed
from sim.razorpay.book import Book
from sim.razorpay.main import application
from sim.razorpay.sandbox import Sandbox
from sim.razorpay.settings import Habits, SandboxSettings
from store import carriers, parties, tenants
from store.carriers import CarrierFields
from store.key_file import KeyFile
from store.parties import Party
from store.personal import PersonalData
from store.postgres import AnyPool, as_tenant, connect, open_pool

KEY_ID, KEY_SECRET, WEBHOOK_SECRET = "rzp_test_bench", "a key secret", "a webhook secret"
PAYOUT_ACCOUNT = "7878780080316316"
READY_WITHIN_S = 60.0
BALANCE_MINOR = 10**13
CONNECTIONS = 12
MOST = 100_000
# What the work at hand takes for now, each piece of it for itself.
CLOCK_MS: ContextVar[int] = ContextVar("CLOCK_MS", default=START_MS)


class NoSecrets:
    """The sandbox's are the installation's own."""

    async def newest_first(
        self, tenant: TenantNamed | None, reference: str
    ) -> Sequence[HeldSecret]:
        raise LookupError(f"{reference} of {tenant} is none of the sandbox")


class Time:
    """Of the month; the sandbox is never behind what anybody here took for now."""

    def __init__(self, shared: Synchronized[float]) -> None:
        self._shared = shared

    @property
    def now_ms(self) -> int:
        return round(self._shared.value * 1000)

    def is_now(self, at_ms: int) -> None:
        """For whoever works here, and not backwards for the sandbox."""
        self._shared.value = max(self._shared.value, at_ms / 1000)
        CLOCK_MS.set(at_ms)


@dataclasses.dataclass
class Ground:
    desk: Desk
    engine: Bookings
    tenant: TenantName
    time: Time
    http: httpx.AsyncClient

    async def at_sandbox(self, path: str, **given: Any) -> dict[str, Any]:
        """What payers, banks and testers do there."""
        answer = await self.http.post(f"/sandbox/{path}", json=given)
        if answer.is_error:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")
        made: dict[str, Any] = answer.json()
        return made


def books_policy(now: Policy, month: Month, fee_bp: int) -> Policy:
    """Of trucks nothing is on record; carriers pay a fee; a third of them is paid by the week."""
    dispatching = now.dispatch
    constraints = dispatching.constraints.model_copy(update={"allow_unknown_papers": True})
    papers = now.fleet.papers.model_copy(update={"required": frozenset()})
    settlements = now.settlements.model_dump()
    settlements["platform_fee_bp"] = [{"valid_from": "2017-07-01", "value": fee_bp}]
    settlements["cycle_of_carrier"] = {
        one.id: Cycle.WEEKLY for one in month.carriers if one.is_weekly
    }
    # All that is due at once: in an evening there is no next round to wait for.
    # What was paid is watched for some days, once a day.
    watching = {"ask_again_s_max": 80_000, "watched_days": 2, "at_once": MOST}
    payouts = now.payouts.model_copy(update=watching)
    asking = now.payment_work.model_copy(update={"looks_at_once": MOST})
    return now.model_copy(
        update={
            "payouts": payouts,
            "payment_work": asking,
            "dispatch": dispatching.model_copy(update={"constraints": constraints}),
            "fleet": now.fleet.model_copy(update={"papers": papers}),
            "settlements": type(now.settlements).model_validate(settlements),
        }
    )


@contextlib.contextmanager
def sandbox(folder: Path) -> Iterator[tuple[PaymentSandbox, Time]]:
    """The payments sandbox in a process of its own, whose clock is the month's."""
    port = free_port()
    shared = multiprocessing.get_context("spawn").Value("d", START_MS / 1000)
    settings = SandboxSettings(
        host="127.0.0.1",
        port=port,
        database=str(folder / "sandbox.sqlite"),
        key_id=KEY_ID,
        key_secret=KEY_SECRET,
        webhook_secret=WEBHOOK_SECRET,
        payout_account=PAYOUT_ACCOUNT,
        webhook_url="http://127.0.0.1:9/",
        habits=Habits(
            **{**defaults().payment_sandbox.model_dump(), "start_balance_minor": BALANCE_MINOR}
        ),
    )
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(settings, shared))
    process.start()
    try:
        _wait_ready(settings.own_url, process.is_alive)
        yield (
            PaymentSandbox(
                http=Http(host="127.0.0.1", port=port),
                key_id=KEY_ID,
                key_secret=SecretStr(KEY_SECRET),
                webhook_secret=SecretStr(WEBHOOK_SECRET),
                payout_account=PAYOUT_ACCOUNT,
            ),
            Time(shared),
        )
    finally:
        process.terminate()
        process.join()


def _serve(settings: SandboxSettings, shared: Synchronized[float]) -> None:
    book = Book(settings.database)
    box = Sandbox(settings, book, lambda: float(shared.value))
    box.switch({"is_automatic": False, "is_dropping": True})
    app = application(box)
    uvicorn.run(app, host=settings.host, port=settings.port, log_level="warning", access_log=False)


def _wait_ready(url: str, is_alive: Any) -> None:
    give_up_at = time.monotonic() + READY_WITHIN_S
    with httpx.Client(trust_env=False) as asking:
        while time.monotonic() < give_up_at and is_alive():
            with contextlib.suppress(httpx.HTTPError):
                if asking.get(f"{url}/sandbox/healthz").is_success:
                    return
            time.sleep(0.05)
    raise RuntimeError("the payments sandbox does not start")


@contextlib.asynccontextmanager
async def ground(
    where: Installation, policy: Policy, outside: tuple[PaymentSandbox, Time], month: Month
) -> AsyncIterator[Ground]:
    settings, (box, at) = Settings(policy), outside
    size, storage = Pool(size_min=1, size_max=CONNECTIONS), policy.storage
    personal = PersonalData(KeyFile(where.key_file))
    owner = await connect(where.postgres, DatabaseRole.OWNER)
    tenant = await tenants.create(owner, "books", "Books")
    await owner.close()
    name = TenantName(tenant.key, tenant.id)
    url = f"http://{box.http.host}:{box.http.port}"
    async with (
        await open_pool(where.postgres, DatabaseRole.APP, size, storage) as app,
        await open_pool(where.postgres, DatabaseRole.SYSTEM, size, storage) as system,
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=60.0) as http,
    ):
        await _move_in(app, personal, name, month)
        providers = Providers(settings, box, NoSecrets(), CLOCK_MS.get, Unmetered())
        desk = Desk(app, system, settings, CLOCK_MS.get, providers, personal)
        yield Ground(desk, Bookings(app, 0, settings), name, at, http)


@contextlib.contextmanager
def months_time() -> Iterator[None]:
    """Bookings take the month's time for now."""
    before = bookings.now_ms  # type: ignore[attr-defined]
    bookings.now_ms = CLOCK_MS.get  # type: ignore[attr-defined]
    try:
        yield
    finally:
        bookings.now_ms = before  # type: ignore[attr-defined]


async def _move_in(app: AnyPool, personal: PersonalData, name: TenantName, month: Month) -> None:
    async with as_tenant(app, name.key) as conn:
        own = Party(party="platform", name="Books", state=HOME, gstin="27AAPFU0939F1ZV")
        await parties.put_registration(conn, name.key, own, None)
        for shipper in month.shippers:
            await parties.put_shipper(conn, personal, name.key, _shipper(shipper), None)
        for nr, carrier in enumerate(month.carriers):
            await carriers.create(conn, personal, name.key, carrier.id, _carrier(carrier, nr))
            if carrier.is_declared:
                told = Declaration(2025, date(2025, 4, 1), 4)
                await parties.put_declaration(conn, name.key, carrier.id, told)


def _shipper(one: Shipper) -> Party:
    return Party(
        party=f"shippers/{one.id}",
        name=f"Shipper {one.id}",
        address="Plot 7",
        state=one.state,
        gstin=one.gstin,
        gst_mode=one.mode,
    )


def _carrier(one: Carrier, nr: int) -> CarrierFields:
    return CarrierFields(
        name=f"Carrier {one.id}",
        pan=one.pan,
        bank_account=f"{100_000_000_000 + nr}",
        ifsc="HDFC0001234",
    )
