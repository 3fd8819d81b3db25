"""MSG91's delivery reports, in each of the shapes that its panel offers; it signs none of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qs

import msgspec

from providers.messaging.port import Reason, Receipt, State
from providers.messaging.receipts.letter import Letter, UnreadableError, must_bring

NO_ID = frozenset({"", "0", "null", "None"})
# Its numbers for what became of a message
_BY_NUMBER = {
    "1": (State.DELIVERED, None),
    "2": (State.FAILED, Reason.UNREACHABLE),
    "9": (State.FAILED, Reason.OPTED_OUT),
    "16": (State.FAILED, Reason.OTHER),
    "17": (State.FAILED, Reason.BLOCKED),
    "25": (State.FAILED, Reason.OTHER),
}
_BY_WORD = {
    "delivered": (State.DELIVERED, None),
    "sent": (State.SENT, None),
    "submitted": (State.SENT, None),
    "failed": (State.FAILED, Reason.UNREACHABLE),
    "undelivered": (State.FAILED, Reason.UNREACHABLE),
    "ndnc": (State.FAILED, Reason.OPTED_OUT),
    "rejected": (State.FAILED, Reason.OTHER),
    "blocked": (State.FAILED, Reason.BLOCKED),
}


def parse(letter: Letter, secrets: Sequence[str]) -> list[Receipt]:
    must_bring(letter, secrets)
    found = (_receipt(report) for report in _reports(_said(letter)))
    return [receipt for receipt in found if receipt is not None]


def _said(letter: Letter) -> Any:
    """JSON, or a form whose one field is JSON."""
    try:
        if "form" in letter.headers.get("content-type", ""):
            return msgspec.json.decode(parse_qs(letter.body.decode())["data"][0])
        return msgspec.json.decode(letter.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, ValueError) as wrong:
        raise UnreadableError("it is no report") from wrong


def _reports(said: Any) -> Iterator[dict[str, Any]]:
    """One a number, each with the id of the request that it belongs to."""
    for one in said if isinstance(said, list) else [said]:
        if not isinstance(one, dict):
            raise UnreadableError("it is no report")
        inner = one.get("report")
        for report in inner if isinstance(inner, list) else [one]:
            if not isinstance(report, dict):
                raise UnreadableError("it is no report")
            yield {"requestId": one.get("requestId"), **report}


def _receipt(report: dict[str, Any]) -> Receipt | None:
    known = _of(report)
    request, ours = str(report.get("requestId") or ""), str(report.get("CRQID") or "")
    if known is None or (request in NO_ID and ours in NO_ID):
        return None
    state, reason = known
    return Receipt(
        provider_id="" if request in NO_ID else request,
        message_id=None if ours in NO_ID else ours,
        state=state,
        reason=reason,
        code=str(report.get("status", "")) if state is State.FAILED else "",
        at_ms=None,  # it says a time of day, and not of which zone
    )


def _of(report: dict[str, Any]) -> tuple[State, Reason | None] | None:
    status = str(report.get("status", ""))
    word = str(report.get("desc") or report.get("description") or status).lower()
    return _BY_NUMBER.get(status) or _BY_WORD.get(word)
