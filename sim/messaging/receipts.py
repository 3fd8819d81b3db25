"""Receipts: each waits for its time, is signed as its provider signs, and is sent until heard."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from time import gmtime, monotonic, strftime
from urllib.parse import urlencode

import httpx

from sim.messaging.book import Kept
from sim.messaging.settings import TwinSettings

WEBHOOKS = "/v1/webhooks"
FORGER = "not-the-secret"
BOUNCE = """\
From: MAILER-DAEMON@sandbox.example
To: {sender}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="report"

--report
Content-Type: text/plain

It could not be delivered.
--report
Content-Type: message/delivery-status

Reporting-MTA: dns; sandbox.example

Final-Recipient: rfc822; {to}
Action: {state}
Status: {code}

--report
Content-Type: text/rfc822-headers

Message-ID: <{id}>

--report--
"""
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@dataclass(frozen=True, slots=True, order=True)
class Due:
    nr: int
    state: str
    code: str
    since_s: float
    at_s: float
    attempts: int = 0
    copies: int = 1
    is_forged: bool = False


@dataclass(frozen=True, slots=True)
class Posted:
    """One request as it goes out."""

    url: str
    headers: dict[str, str]
    body: bytes


class Receipts:
    def __init__(self, settings: TwinSettings) -> None:
        self._settings = settings
        self._waiting: list[tuple[float, Due]] = []
        self._woken = asyncio.Event()
        self.sent: list[tuple[int, str, int]] = []  # of which message, its state, the answer

    def later(self, due: Due) -> None:
        heappush(self._waiting, (due.at_s, due))
        if len(self._waiting) > self._settings.habits.receipts_waiting_max:
            self._waiting.remove(min(self._waiting, key=lambda each: each[1].since_s))
            heapify(self._waiting)
        self._woken.set()

    async def run(self, happen: Callable[[Due], tuple[Kept, Due] | None]) -> None:
        """Until it is cancelled. `happen` lets it be so, and says of what, or that none is sent."""
        limit_s = self._settings.habits.receipt_attempt_s
        async with httpx.AsyncClient(timeout=limit_s, trust_env=False) as http:
            while True:
                self._woken.clear()
                wait_s = self._waiting[0][0] - monotonic() if self._waiting else None
                if wait_s is None or wait_s > 0:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._woken.wait(), wait_s)
                    continue
                _, due = heappop(self._waiting)
                found = happen(due)
                if found is not None:
                    await self._send(http, *found)

    async def _send(self, http: httpx.AsyncClient, one: Kept, due: Due) -> None:
        posted = request_for(self._settings, one, due)
        if posted is None:
            return
        statuses = [await self._posted(http, posted) for _ in range(due.copies)]
        self.sent = [*self.sent, *((one.nr, due.state, status) for status in statuses)]
        self.sent = self.sent[-self._settings.habits.receipts_waiting_max :]
        habits = self._settings.habits
        is_heard = all(httpx.codes.is_success(status) for status in statuses)
        if is_heard or due.is_forged or monotonic() - due.since_s > habits.receipt_give_up_s:
            return
        wait_s = min(habits.receipt_wait_s_min * 2.0**due.attempts, habits.receipt_wait_s_max)
        self.later(replace(due, at_s=monotonic() + wait_s, attempts=due.attempts + 1))

    async def _posted(self, http: httpx.AsyncClient, posted: Posted) -> int:
        try:
            answer = await http.post(posted.url, content=posted.body, headers=posted.headers)
        except (httpx.HTTPError, httpx.InvalidURL):
            return 0
        return answer.status_code


def request_for(settings: TwinSettings, one: Kept, due: Due) -> Posted | None:
    """As its provider would send it; None where nobody has said where to."""
    secret = FORGER if due.is_forged else settings.secret
    if one.service == "twilio":
        return _twilio(one, due, secret) if one.callback else None
    if not settings.receipts_url:
        return None
    url = f"{settings.receipts_url}{WEBHOOKS}/{one.service}"
    make = {"whatsapp": _whatsapp, "msg91": _msg91, "smtp": _bounce}[one.service]
    return make(url, one, due, secret)


def _twilio(one: Kept, due: Due, secret: str) -> Posted:
    if one.channel == "voice":
        fields = {"CallSid": one.id, "CallStatus": due.state}
        fields["Timestamp"] = strftime("%a, %d %b %Y %H:%M:%S +0000", gmtime())
    else:
        fields = {"MessageSid": one.id, "MessageStatus": due.state, "SmsSid": one.id}
    fields |= {"To": one.to, "From": one.sender}
    if due.code and one.channel != "voice":
        fields["ErrorCode"] = due.code
    text = one.callback + "".join(name + fields[name] for name in sorted(fields))
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()
    headers = {"Content-Type": FORM, "X-Twilio-Signature": base64.b64encode(digest).decode()}
    return Posted(one.callback, headers, urlencode(fields).encode())


def _whatsapp(url: str, one: Kept, due: Due, secret: str) -> Posted:
    status: dict[str, object] = {
        "id": one.id,
        "status": due.state,
        "timestamp": strftime("%s"),
        "recipient_id": one.to.removeprefix("+"),
        "biz_opaque_callback_data": one.ours,
    }
    if due.code:
        status["errors"] = [{"code": int(due.code), "title": "Message undeliverable"}]
    value = {"messaging_product": "whatsapp", "statuses": [status]}
    change = {"field": "messages", "value": value}
    entry = {"id": "100000000000000", "changes": [change]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Posted(url, {"Content-Type": JSON, "X-Hub-Signature-256": f"sha256={digest}"}, body)


def _msg91(url: str, one: Kept, due: Due, secret: str) -> Posted:
    number = {"delivered": "1", "sent": "", "failed": due.code or "2"}[due.state]
    report = {
        "date": strftime("%Y-%m-%d %H:%M:%S"),
        "CRQID": one.ours,
        "number": one.to.removeprefix("+"),
        "status": number,
        "desc": due.state.upper(),
    }
    said = [{"senderId": one.sender, "requestId": one.id, "report": [report]}]
    headers = {"Content-Type": FORM, "X-Webhook-Secret": secret}
    return Posted(url, headers, urlencode({"data": json.dumps(said)}).encode())


def _bounce(url: str, one: Kept, due: Due, secret: str) -> Posted:
    """What a mail server sends back, handed over by the one that took it."""
    lines = BOUNCE.format(
        to=one.to, sender=one.sender, state=due.state, code=due.code, id=one.id
    ).splitlines()
    headers = {"Content-Type": "message/rfc822", "X-Webhook-Secret": secret}
    return Posted(url, headers, "\r\n".join(lines).encode())
