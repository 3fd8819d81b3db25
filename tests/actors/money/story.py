"""One booking's money from quote to payout, as its people would do it, with amounts by hand.

Freight of 1,00,000 rupees under forward charge at 18 % between states, 80 % in advance by UPI;
2 % of the cement is missing; the truck waits 90 minutes too long; the carrier, a company, had
agreed on 80,000.
"""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec

from actors.booking_writing import TenantName
from actors.bookings import Bookings, Refused
from actors.life import now_ms
from actors.money.at_provider import advance
from actors.money.booking_round import booking_round
from actors.money.desk import Desk
from actors.money.payments import Till, demand
from actors.money.payouts_round import payouts_round
from actors.money.settlements import approve
from actors.money.settlements_round import settlements_round
from actors.offering import OfferWish
from config.policy import Policy
from freight.booking import commands as asked
from freight.booking.state import (
    Milestone,
    ProofKind,
    Quoted,
    Received,
    Term,
    TermKind,
)
from freight.dispatch.offer_messages import Accept, Make
from freight.dispatch.offer_state import Asked as OfferAsked
from freight.load import Load
from freight.payments import commands as paying
from freight.payments.state import Method, Payment, Status
from freight.pricing.asking import Facts, PriceRequest
from freight.pricing.gst import FREIGHT, TaxPart
from freight.pricing.lines import Line
from freight.pricing.price import Price
from freight.pricing.quotes import Quote, digest_of, written
from freight.settlements.state import Status as SettlementStatus
from store import carriers, payments, payouts, quotes, settlements
from store.carriers import CarrierFields
from store.personal import PersonalData
from store.postgres import AnyPool, as_tenant
from tests.actors.booked import SOMEBODY, add_truck, load, taken

MINUTE, HOUR = 60_000, 3_600_000
TAXABLE, TAX, TOTAL = 1_00_000_00, 18_000_00, 1_18_000_00
ADVANCE = 94_400_00
DETENTION, DETENTION_TAX = 400_00, 72_00  # two hours begun beyond the free four
SHORTAGE = 15_300_00  # 180 kg missing, 27 kg tolerated, 100 rupees a kilogram
BALANCE = TOTAL + DETENTION + DETENTION_TAX - SHORTAGE - ADVANCE
CARRIAGE = 80_000_00
TDS = 1_608_00  # 2 % of freight and waiting
PAYOUT = CARRIAGE + DETENTION - SHORTAGE - TDS
SHIPPER, CARRIER = "acme", "sharma"
RATES = b'{"rules":{},"origins":{},"default_folder":""}'
Step = Callable[[], Awaitable[None]]


def story_policy(now: Policy) -> Policy:
    """Forward charge."""
    modes = now.pricing.gst.modes
    rules = now.pricing.gst.model_dump()
    rules["mode"] = [{"valid_from": "2017-07-01", "value": "gta_fcm_18"}]
    rules["modes"] = {name: mode.model_dump() for name, mode in modes.items()}
    gst = type(now.pricing.gst).model_validate(rules)
    return now.model_copy(update={"pricing": now.pricing.model_copy(update={"gst": gst})})


class Killing:
    """Kills its own process at the nth step, counted over all that is done to the outside."""

    def __init__(self, at: int | None = None) -> None:
        self.at = at
        self.steps = 0

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


class Memory(msgspec.Struct):
    """What the people of the story know, whichever process of ours has died: how far they are."""

    id: str
    begin_ms: int
    clock_ms: int
    truck: str = ""
    step: int = 0
    done: set[str] = set()
    deaths: int = 0


class Diary:
    """Outlives the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if path.exists():
            self.told = msgspec.json.decode(path.read_bytes(), type=Memory)
            self.told.deaths += 1
        else:
            begin_ms = now_ms() - 48 * HOUR
            self.told = Memory(f"bk-{secrets.token_hex(4)}", begin_ms, begin_ms)

    def keep(self) -> None:
        self._path.write_bytes(msgspec.json.encode(self.told))


class Sandbox:
    """What testers do there, once each, whoever has died meanwhile."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def act(self, path: str, **given: Any) -> dict[str, Any]:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(f"{self.url}/sandbox/{path}", json=given)
        assert answer.is_success, answer.text
        made: dict[str, Any] = answer.json()
        return made


class Story:
    def __init__(
        self,
        desk: Desk,
        name: TenantName,
        sandbox: Sandbox,
        killing: Killing,
        diary: Diary,
    ) -> None:
        self.desk = desk
        self.name = name
        self.sandbox = sandbox
        self.killing = killing
        self.told = diary.told
        self._diary = diary

    @property
    def engine(self) -> Bookings:
        """Of a process that has just started: it remembers nothing."""
        return Bookings(self.desk.app, 0, self.desk.settings)

    async def prepare(self, app: AnyPool, personal: PersonalData) -> None:
        """What is there before the story begins; nobody dies here."""
        account = CarrierFields(
            name="Sharma Roadlines Pvt Ltd",
            pan="AAACG2115R",
            bank_account="123456789012",
            ifsc="HDFC0001234",
        )
        async with as_tenant(app, self.name.key) as conn:
            await carriers.create(conn, personal, self.name.key, CARRIER, account)
        fields = {"registration": "MH12AB1234", "carrier": CARRIER, "payload_kg": 16_000}
        self.told.truck = await add_truck(app, self.name, **fields)
        self._diary.keep()

    @property
    def id(self) -> str:
        return self.told.id

    async def run(self) -> None:
        """From where it was when whoever told it before died."""
        steps: tuple[Step, ...] = (
            *(self.quote, self.book, self.pay_advance, self.assign, self.load_it),
            *(self.deliver, self.leave, self.pay_balance, self.approve_it, self.pay_out),
        )
        while self.told.step < len(steps):
            await steps[self.told.step]()
            await self._rounds()
            self.told.step += 1
            self._diary.keep()

    async def _rounds(self) -> None:
        for one in (booking_round, settlements_round, payouts_round, booking_round):
            while await one(self.desk):
                pass

    # ------------------------------------------------------------------------------- its people

    async def quote(self) -> None:
        digest = bytes.fromhex(digest_of(RATES))
        made = quoted(self.name, self.told.begin_ms)
        async with self.desk.writing(self.name) as conn:
            await quotes.keep_rates(conn, self.name.key, digest, RATES)
            if not await conn.fetchval("SELECT true FROM quotes WHERE id = $1", made.id):
                await quotes.create(conn, self.name.key, made, written(made), "signature")

    async def book(self) -> None:
        price = Quoted(quoted(self.name, self.told.begin_ms).id, TOTAL, "digest", "INR")
        create = asked.Create(
            by=SOMEBODY,
            key="create",
            id=self.id,
            shipper=SHIPPER,
            load=load(),
            price=price,
            terms=(Term(TermKind.ADVANCE, 8_000), Term(TermKind.BALANCE, 2_000)),
            declared_value_minor=9_00_000_00,
        )
        await self.does(create)
        await self.does(asked.Confirm(by=SOMEBODY, key="confirm"))

    async def pay_advance(self) -> None:
        await self._pay("advance", ADVANCE)

    async def assign(self) -> None:
        self.told.clock_ms = self.told.begin_ms + HOUR
        offer = OfferAsked(
            id=f"{self.id}-offer",
            carrier=CARRIER,
            truck=self.told.truck,
            price_minor=CARRIAGE,
            expires_ms=self.told.clock_ms + 12 * HOUR,
        )
        for command in (Make((offer,)), Accept(offer.id, self.told.truck)):
            self.killing.step()
            wish = OfferWish("L1", command, SOMEBODY)
            answer = await self.engine.take_offer(self.name, self.id, wish)
            assert not isinstance(answer, Refused) or self.told.deaths, answer
            self.killing.step()

    async def load_it(self) -> None:
        self.told.clock_ms = self.told.begin_ms + 3 * HOUR
        await self.reaches(Milestone.ARRIVED, "S1", 2 * HOUR)
        await self.proves("S1")
        await self.reaches(Milestone.LEFT, "S1", 3 * HOUR)

    async def deliver(self) -> None:
        self.told.clock_ms = self.told.begin_ms + 15 * HOUR
        await self.reaches(Milestone.ARRIVED, "S2", 10 * HOUR)
        await self.proves("S2", received=(Received("cement", 8_820),))

    async def leave(self) -> None:
        self.told.clock_ms = self.told.begin_ms + 16 * HOUR
        await self.reaches(Milestone.LEFT, "S2", 15 * HOUR + 30 * MINUTE)

    async def pay_balance(self) -> None:
        self.told.clock_ms = now_ms()
        await self._pay("balance", BALANCE)

    async def approve_it(self) -> None:
        async with self.desk.writing(self.name) as conn:
            (settlement,) = await settlements.of_booking(conn, self.id)
        if settlement.status is SettlementStatus.PROPOSED:
            async with self.desk.writing(self.name) as conn:
                await approve(self.desk, conn, self.name, settlement.id, "user:asha")

    async def pay_out(self) -> None:
        """The bank has done it."""
        while (known := await self._sent()) is None:
            self.told.clock_ms += MINUTE  # it is asked about again
            await self._rounds()
        await self._once("payout", f"payouts/{known}/process")
        self.told.clock_ms = now_ms() + HOUR  # when it is asked about again

    async def _sent(self) -> str | None:
        async with self.desk.writing(self.name) as conn:
            (settlement,) = await settlements.of_booking(conn, self.id)
            payout = await payouts.get(conn, settlement.payouts[-1])
        return None if payout.attempt is None else payout.attempt.provider_id

    # ----------------------------------------------------------------------------------- helpers

    async def does(self, command: asked.Command) -> None:
        self.killing.step()
        taken(await self.engine.take(self.name, self.id, command))
        self.killing.step()

    async def reaches(self, milestone: Milestone, stop: str, after_ms: int) -> None:
        command = asked.Reach(
            by=SOMEBODY,
            key=f"{milestone}-{stop}",
            leg="L1",
            stop=stop,
            milestone=milestone,
            at_ms=self.told.begin_ms + after_ms,
            reason="as the driver says",
        )
        await self.does(command)

    async def proves(self, stop: str, **more: Any) -> None:
        proof = asked.RecordProof(
            by=SOMEBODY,
            key=f"proof-{stop}",
            leg="L1",
            stop=stop,
            kind=ProofKind.SIGNATURE,
            receiver="Mr Rao",
            reason="as the driver says",
            **more,
        )
        await self.does(proof)

    async def _pay(self, what: str, amount_minor: int) -> None:
        """By UPI; nobody tells us that it was paid, so we ask."""
        async with self.desk.writing(self.name) as conn:
            till = Till(conn, self.name, self.desk.policy_of(self.name), self.desk.now_ms())
            wanted = paying.Demand(
                id=f"{self.id}-{what}",
                by="shipper",
                method=Method.UPI,
                amount_minor=amount_minor,
                booking=self.id,
                due=f"{what}-1",
                shipper=SHIPPER,
                provider="razorpay",
            )
            await demand(till, wanted)
        opened = await self._asked(wanted.id)
        assert opened.order is not None
        if opened.status is not Status.CAPTURED:
            await self._once(what, f"orders/{opened.order}/pay", method="upi")
            assert (await self._asked(wanted.id)).status is Status.CAPTURED

    async def _asked(self, payment: str) -> Payment:
        await advance(self.desk, self.name, payment)
        async with self.desk.writing(self.name) as conn:
            return await payments.get(conn, payment)

    async def _once(self, what: str, path: str, **given: Any) -> None:
        """A person's deed in the outside world, which no death of ours undoes."""
        if what not in self.told.done:
            await self.sandbox.act(path, **given)
            self.told.done.add(what)
            self._diary.keep()


def quoted(name: TenantName, at_ms: int) -> Quote:
    """Lines and taxes by hand."""
    line = {"unit": "truck", "per": 1, "path": "cards/standard", "version": 0}
    freight = Line(key="freight", amount_minor=TAXABLE, quantity=1, rate=TAXABLE, **line)  # type: ignore[arg-type]
    tax = Line(
        key="igst",
        amount_minor=TAX,
        quantity=TAXABLE,
        unit="minor",
        rate=1_800,
        per=10_000,
        path="gst/modes",
        version=0,
        subject=FREIGHT,
    )
    part = TaxPart(
        of=FREIGHT,
        mode="gta_fcm_18",
        sac="996511",
        rate_bp=1_800,
        is_reverse_charge=False,
        taxable_minor=TAXABLE,
        supplier_state="27",
        place_of_supply="29",
        is_inter_state=True,
    )
    price = Price(
        currency="INR",
        day="2026-11-19",
        card="standard",
        revision=0,
        distance_m=280_000,
        trucks=1,
        lines=(freight, tax),
        taxes=(part,),
        reverse_charge=(),
        subtotal_minor=TAXABLE,
        tax_minor=TAX,
        total_minor=TOTAL,
        reverse_charge_minor=0,
        detention=None,
    )
    carried: Load = load()
    facts = Facts(
        distance_m=280_000, router="hand", fences=((), ()), trucks=1, cell=None, waiting=0, free=0
    )
    return Quote(
        id=f"quote-{name.id}",
        tenant=name.id,
        made_ms=at_ms,
        expires_ms=at_ms + 24 * HOUR,
        request=PriceRequest(carried, at_ms, SHIPPER),
        facts=facts,
        rates=digest_of(RATES),
        price=msgspec.structs.replace(price),
    )
