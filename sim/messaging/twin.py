"""What all the stand-ins share: the messages, the troubles, and what becomes of each message."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from dataclasses import replace

from sim.messaging.book import Book, Kept
from sim.messaging.faults import Faults, Kind
from sim.messaging.receipts import Due, Receipts
from sim.messaging.settings import TwinSettings

MS = 1000
# Whose messages arrive without anybody being told so.
UNTOLD = frozenset({"fcm", "slack", "teams"})
FAILED = {"twilio": "undelivered", "whatsapp": "failed", "msg91": "failed", "smtp": "failed"}
USUAL_CODE = {"twilio": "30003", "whatsapp": "131026", "msg91": "2", "smtp": "5.1.1"}


class Twin:
    def __init__(self, settings: TwinSettings, book: Book) -> None:
        self.settings = settings
        self.book = book
        self.faults = Faults()
        self.receipts = Receipts(settings)
        self.calls: Counter[str] = Counter()  # requests, by whom they were made to
        self.templates: dict[str, str] = {}  # MSG91's flows, for those who want to read them
        self.wrote: set[str] = set()  # who wrote to us on WhatsApp and may be answered freely
        self.tokens: dict[str, float] = {}  # given out for pushes, with their ends

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def new_id(self, prefix: str) -> str:
        return prefix + secrets.token_hex(16)

    def refusal(self, service: str, to: str) -> str | None:
        """The code that a tester ordered, if one did."""
        fault = self.faults.next_of(service, [Kind.REFUSE], to)
        return None if fault is None else fault.code

    def take(self, one: Kept, *, fails_with: str = "") -> Kept:
        """It is kept before it is answered for; then comes what comes."""
        self.book.keep(one)
        if one.service in UNTOLD:
            self.became(one, "delivered")
            return one
        fault = self.faults.next_of(one.service, [Kind.FAIL], one.to)
        code = fails_with or (fault and (fault.code or USUAL_CODE[one.service])) or ""
        habits, now_s = self.settings.habits, time.monotonic()
        if one.channel == "voice":
            steps = [("ringing", habits.sent_after_s), ("completed", habits.delivered_after_s)]
        elif one.service == "smtp":
            steps = []
        else:
            steps = [("sent", habits.sent_after_s), ("delivered", habits.delivered_after_s)]
        if code:
            last = "no-answer" if one.channel == "voice" else FAILED[one.service]
            steps = [*steps[:-1], (last, habits.delivered_after_s)]
        for state, after_s in steps:
            failed = code if state == steps[-1][0] and code else ""
            self.receipts.later(Due(one.nr, state, failed, now_s, now_s + after_s))
        return one

    def became(self, one: Kept, state: str, code: str = "") -> None:
        one.state, one.code = state, code
        one.history = [*one.history, (state, self.now_ms())]
        self.book.keep(one)

    def happen(self, due: Due) -> tuple[Kept, Due] | None:
        """What is due becomes so; and how often it is told, by whom, if at all."""
        one = self.book.find(due.nr)
        if one is None:
            return None
        if due.attempts == 0 and not due.is_forged:
            self.became(one, due.state, due.code)
            fault = self.faults.next_of(one.service, [Kind.SILENT, Kind.TWICE, Kind.FORGED], one.to)
            if fault is not None and fault.kind is Kind.SILENT:
                return None
            if fault is not None and fault.kind is Kind.TWICE:
                return one, replace(due, copies=2)
            if fault is not None:
                self.receipts.later(replace(due, is_forged=True))
        return one, due

    def end(self, one: Kept, state: str, code: str) -> None:
        """By a tester's hand, at once."""
        now_s = time.monotonic()
        self.receipts.later(Due(one.nr, state, code, now_s, now_s))
