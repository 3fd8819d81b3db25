"""What testers do and see, as JSON for programs: below /sandbox."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sim.messaging.twin import Twin

# What a person at the other end does, in the words of who carries it.
DEEDS = {
    "read": {"whatsapp": ("read", "")},
    "fail": {
        "twilio": ("undelivered", "30003"),
        "whatsapp": ("failed", "131026"),
        "msg91": ("failed", "2"),
        "smtp": ("failed", "5.1.1"),
    },
}


class Control:
    def __init__(self, twin: Twin) -> None:
        self._twin = twin

    def routes(self) -> list[Route]:
        return [
            Route("/healthz", self._health, methods=["GET"]),
            Route("/messages", self._messages, methods=["GET", "DELETE"]),
            Route("/messages/{nr:int}/{deed}", self._deed, methods=["POST"]),
            Route("/faults", self._fault, methods=["POST", "DELETE"]),
            Route("/templates", self._template, methods=["POST"]),
            Route("/wrote", self._wrote, methods=["POST"]),
            Route("/calls", self._calls, methods=["GET"]),
        ]

    async def _health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _messages(self, request: Request) -> Response:
        """The oldest first; `?to=` and `?channel=` narrow it."""
        if request.method == "DELETE":
            self._twin.book.clear()
            return JSONResponse({})
        wanted = {name: request.query_params.get(name) for name in ("to", "channel", "ours")}
        asked = {name: value for name, value in wanted.items() if value is not None}
        found = [
            msgspec.to_builtins(one)
            for one in self._twin.book.all()
            if all(getattr(one, name) == value for name, value in asked.items())
        ]
        return JSONResponse({"messages": found})

    async def _deed(self, request: Request) -> Response:
        one = self._twin.book.find(request.path_params["nr"])
        deed = DEEDS.get(request.path_params["deed"], {})
        if one is None or one.service not in deed:
            return JSONResponse({"detail": "that cannot be done"}, HTTPStatus.NOT_FOUND)
        state, code = deed[one.service]
        is_call = one.channel == "voice"
        self._twin.end(one, "no-answer" if is_call and code else state, code)
        back = str((await request.form()).get("back", ""))
        if back.startswith("/") and not back.startswith("//"):
            return RedirectResponse(back, HTTPStatus.SEE_OTHER)
        return JSONResponse({"nr": one.nr})

    async def _fault(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._twin.faults.clear()
            return JSONResponse({})
        try:
            fault = self._twin.faults.order(await request.json())
        except msgspec.ValidationError as wrong:
            return JSONResponse({"detail": str(wrong)}, HTTPStatus.BAD_REQUEST)
        return JSONResponse(msgspec.to_builtins(fault))

    async def _template(self, request: Request) -> Response:
        """`{"id": a flow, "text": with ##NAMES##}`: how MSG91's messages read."""
        given = await request.json()
        self._twin.templates[str(given["id"])] = str(given["text"])
        return JSONResponse({})

    async def _wrote(self, request: Request) -> Response:
        """`{"to": a number}`: its owner wrote to us on WhatsApp, and may be answered freely."""
        self._twin.wrote.add(str((await request.json())["to"]))
        return JSONResponse({})

    async def _calls(self, _: Request) -> Response:
        sent = [list(each) for each in self._twin.receipts.sent]
        return JSONResponse({"calls": dict(self._twin.calls), "receipts": sent})
