"""The portal's API behind a service provider's wrapper, and what testers do to it."""

from __future__ import annotations

import asyncio
import hmac
from collections import Counter
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sim.eway.book import Book
from sim.eway.rulebook import Action, RefusedError, Rulebook
from sim.eway.settings import SimulatorSettings

_SUCCESS = {
    "GENEWAYBILL": "E-Way Bill is generated successfully",
    "VEHEWB": "Vehicle details updated successfully",
    "EXTENDVALIDITY": "Validity of the E-Way Bill is extended successfully",
    "UPDATETRANSPORTER": "Transporter is updated successfully",
    "CANEWB": "E-Way Bill is cancelled successfully",
}
# A service provider tells refusals with the code in front, and these in words alone.
_IN_WORDS = frozenset({604, 312, 328})
OUTAGE = "GSP is not able to connect to the e-way bill system, please try again"


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """Trouble that a tester orders: `lost` does what is asked and says nothing of it."""

    action: str
    kind: str  # "lost", "outage", "slow"
    times: int = 1
    delay_s: float = 0.0


class Simulator:
    """Faults are not kept over a restart: whoever orders trouble looks on."""

    def __init__(self, settings: SimulatorSettings, book: Book, rulebook: Rulebook) -> None:
        self._settings = settings
        self._book = book
        self._actions = rulebook.actions()
        self._reject = rulebook.reject
        self._faults: list[Fault] = []
        self._calls: Counter[str] = Counter()

    def routes(self) -> list[Route]:
        return [
            Route("/ewb/ewayapi", self._asked, methods=["POST"]),
            Route("/ewb/ewayapi/{action}", self._asked, methods=["GET"]),
            Route("/sandbox/healthz", self._health, methods=["GET"]),
            Route("/sandbox/clock", self._clock, methods=["PUT"]),
            Route("/sandbox/faults", self._fault, methods=["POST", "DELETE"]),
            Route("/sandbox/bills", self._bills, methods=["GET"]),
            Route("/sandbox/bills/{number}/reject", self._rejected, methods=["POST"]),
        ]

    async def _asked(self, request: Request) -> Response:
        if not self._is_known(request):
            return _no(238, "Invalid auth token", HTTPStatus.UNAUTHORIZED)
        action = request.path_params.get("action") or request.query_params.get("action", "")
        act = self._actions.get(action)
        if act is None:
            return _no(106, f"There is no action {action}")
        self._calls[action] += 1
        fault = self._next_fault(action)
        if fault is not None and fault.kind == "outage":
            return JSONResponse({"success": False, "message": OUTAGE})
        answer = _answer(action, act, await _given(request, self._settings.gstin))
        if fault is not None:
            await asyncio.sleep(fault.delay_s)
            if fault.kind == "lost":
                return PlainTextResponse("upstream timed out", HTTPStatus.GATEWAY_TIMEOUT)
        return answer

    def _is_known(self, request: Request) -> bool:
        password = request.headers.get("password", "")
        own = self._settings
        return request.headers.get("gstin") == own.gstin and hmac.compare_digest(
            password.encode(), own.password.encode()
        )

    def _next_fault(self, action: str) -> Fault | None:
        for fault in self._faults:
            if fault.times > 0 and fault.action == action:
                fault.times -= 1
                return fault
        return None

    # ------------------------------------------------------------------------------- testers

    async def _health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _clock(self, request: Request) -> Response:
        """`{"now_ms": n}`: it stands there; null: it runs again."""
        given = await request.json()
        self._book.set_clock(given["now_ms"])
        return JSONResponse({"now_ms": self._book.now_ms})

    async def _fault(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._faults.clear()
            return JSONResponse({})
        try:
            fault = msgspec.convert(await request.json(), Fault)
        except msgspec.ValidationError as wrong:
            return JSONResponse({"detail": str(wrong)}, HTTPStatus.BAD_REQUEST)
        self._faults.append(fault)
        return JSONResponse(msgspec.to_builtins(fault))

    async def _bills(self, _: Request) -> Response:
        bills = [msgspec.to_builtins(bill) for bill in self._book.all()]
        return JSONResponse({"bills": bills, "calls": dict(self._calls)})

    async def _rejected(self, request: Request) -> Response:
        try:
            return JSONResponse(self._reject({"ewbNo": request.path_params["number"]}))
        except RefusedError as refused:
            return _no(refused.code, str(refused))


async def _given(request: Request, gstin: str) -> dict[str, Any]:
    if request.method == "GET":
        return {**request.query_params, "gstin": gstin}
    given: dict[str, Any] = await request.json()
    return given


def _answer(action: str, act: Action, given: dict[str, Any]) -> Response:
    try:
        made = act(given)
    except RefusedError as refused:
        return _no(refused.code, str(refused))
    except (KeyError, ValueError, TypeError) as wrong:
        return _no(100, f"Invalid JSON: {wrong}")
    said = {"success": True, "message": _SUCCESS.get(action, ""), "result": made}
    return JSONResponse(said)


def _no(code: int, message: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    text = message if code in _IN_WORDS else f"{code}: {message}"
    return JSONResponse({"success": False, "message": text}, status)
