"""What testers do, by the page's forms and by programs' JSON alike: below /sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sim.razorpay import deliveries, links, orders, payments, payouts, refunds, settlements
from sim.razorpay.book import Entity, Wanted, Webhook
from sim.razorpay.faults import Faults
from sim.razorpay.payments import Outcome
from sim.razorpay.refusals import RefusedError
from sim.razorpay.sandbox import Sandbox

Given = dict[str, Any]
Action = Callable[["Control", str, Given], dict[str, Any]]


class Control:
    def __init__(self, box: Sandbox, faults: Faults) -> None:
        self.box = box
        self.faults = faults

    def routes(self) -> list[Route]:
        acting = [Route(path, self._acting(act), methods=["POST"]) for path, act in ACTIONS]
        return [
            *acting,
            Route("/switches", self._show(_switches), methods=["GET"]),
            Route("/webhooks", self._show(_webhooks), methods=["GET"]),
            Route("/healthz", self._show(_health), methods=["GET"]),
        ]

    def _show(
        self, show: Callable[[Control], dict[str, Any]]
    ) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        async def endpoint(_: Request) -> Response:
            return JSONResponse(show(self))

        return endpoint

    def _acting(self, act: Action) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        async def endpoint(request: Request) -> Response:
            is_form, given = await _given(request)
            back = str(given.pop("back", "/"))
            try:
                with self.box.book.changing():
                    made = act(self, request.path_params.get("id", ""), given)
            except RefusedError as refused:
                if not is_form:
                    return JSONResponse(refused.body, refused.status)
                return RedirectResponse(_back(back, "refused", str(refused)), HTTPStatus.SEE_OTHER)
            if is_form:
                onward = made.get("callback_url") or _back(
                    back, "notice", made.get("notice", "Done")
                )
                return RedirectResponse(onward, HTTPStatus.SEE_OTHER)
            return JSONResponse(made)

        return endpoint


async def _given(request: Request) -> tuple[bool, Given]:
    """From a form or as JSON; whether it was a form."""
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            body = json.loads(await request.body() or b"{}")
        except ValueError:
            body = {}
        return False, body if isinstance(body, dict) else {}
    form = await request.form()
    return bool(form), {name: str(value) for name, value in form.items() if value != ""}


def _back(back: str, name: str, notice: str) -> str:
    """Only to a page of ours, wherever the form says."""
    page = back if back.startswith("/") and not back.startswith("//") else "/"
    joint = "&" if "?" in page else "?"
    return f"{page}{joint}{urlencode({name: notice})}"


def _pay(control: Control, order: Entity, given: Given) -> dict[str, Any]:
    try:
        outcome = Outcome(given.get("outcome", Outcome.SUCCEED))
    except ValueError:
        raise RefusedError("The outcome is not known.", field="outcome") from None
    box = control.box
    method = str(given.get("method", "upi"))
    payment = payments.attempt(box, order.id, method, outcome, given.get("reason"))
    message = f"{order.id}|{payment.id}".encode()
    signature = links.signed(message, box.settings.key_secret)
    return {
        "payment": payment.body,
        "checkout": {**payments.checkout_answer(payment), "razorpay_signature": signature},
        "notice": f"{payment.id} is {payment.body['status']}",
    }


def _pay_order(control: Control, order_id: str, given: Given) -> dict[str, Any]:
    return _pay(control, control.box.the(orders.KIND, order_id), given)


def _pay_link(control: Control, link_id: str, given: Given) -> dict[str, Any]:
    box = control.box
    link = box.the(links.KIND, link_id)
    made = _pay(control, box.the(orders.KIND, link.body["order_id"]), given)
    link = box.the(links.KIND, link_id)
    payment = box.the(payments.KIND, made["payment"]["id"])
    if link.body["status"] == "paid":
        made["callback_url"] = links.callback_of(box, link, payment)
    return made


def _fault(control: Control, _: str, given: Given) -> dict[str, Any]:
    control.faults.order(given)
    return {}


def _clear_faults(control: Control, _: str, __: Given) -> dict[str, Any]:
    control.faults.clear()
    return {}


def _switch(control: Control, _: str, given: Given) -> dict[str, Any]:
    """A form says everything as text, and nothing of a box that is not ticked."""
    if given.pop("form", None):
        flags = ("is_automatic", "is_paused", "is_dropping", "is_shuffling")
        given = {
            **{name: name in given for name in flags},
            "copies": _number(given.get("copies", "1"), "copies"),
            "delay_s": float(_number(given.get("delay_s", "0"), "delay_s")),
        }
    control.box.switch(given)
    return {**control.box.shown_switches(), "notice": "Saved"}


def _number(text: str, name: str) -> int:
    if not text.isdecimal():
        raise RefusedError(f"{name} must be a whole number", field=name)
    return int(text)


def _settle(control: Control, _: str, __: Given) -> dict[str, Any]:
    made = settlements.settle(control.box)
    if made is None:
        return {"settlement": None, "notice": "Nothing to settle"}
    return {"settlement": made.body, "notice": f"{made.id} is settled"}


def _top_up(control: Control, _: str, given: Given) -> dict[str, Any]:
    minor = given.get("minor", 0)
    if isinstance(minor, str):
        minor = _number(minor, "minor")
    return {"balance_minor": payouts.top_up(control.box, int(minor)), "notice": "Topped up"}


def _empty(control: Control, _: str, __: Given) -> dict[str, Any]:
    control.box.take(control.box.balance_minor)
    return {"balance_minor": control.box.balance_minor, "notice": "The account is empty"}


def _move(what: str) -> Action:
    def act(control: Control, payout_id: str, given: Given) -> dict[str, Any]:
        moved = payouts.move(control.box, payout_id, what, given.get("reason"))
        return {"payout": moved.body, "notice": f"{moved.id} is {moved.body['status']}"}

    return act


def _send(control: Control, hook_id: str, _: Given) -> dict[str, Any]:
    deliveries.send_soon(control.box, hook_id)
    return {"notice": "It is being sent"}


def _drop(control: Control, hook_id: str, _: Given) -> dict[str, Any]:
    deliveries.drop(control.box, hook_id)
    return {"notice": "Dropped"}


def _send_all(control: Control, _: str, given: Given) -> dict[str, Any]:
    sent = deliveries.send_all(control.box, is_shuffled=bool(given.get("is_shuffled")))
    return {"sent": sent, "notice": f"{sent} are being sent"}


def _shown(kind: str, made: Entity) -> dict[str, Any]:
    return {kind: made.body, "notice": f"{made.id} is {made.body['status']}"}


ACTIONS: tuple[tuple[str, Action], ...] = (
    ("/orders/{id}/pay", _pay_order),
    ("/links/{id}/pay", _pay_link),
    ("/payments/{id}/authorize", lambda c, i, _: _shown("payment", payments.authorize(c.box, i))),
    (
        "/payments/{id}/fail",
        lambda c, i, given: _shown("payment", payments.fail(c.box, i, given.get("reason"))),
    ),
    ("/refunds/{id}/process", lambda c, i, _: _shown("refund", refunds.process(c.box, i))),
    ("/refunds/{id}/fail", lambda c, i, _: _shown("refund", refunds.fail(c.box, i))),
    ("/payouts/{id}/process", _move("process")),
    ("/payouts/{id}/fail", _move("fail")),
    ("/payouts/{id}/reverse", _move("reverse")),
    ("/balance/add", _top_up),
    ("/balance/empty", _empty),
    ("/settle", _settle),
    ("/switches", _switch),
    ("/webhooks/send", _send_all),
    ("/webhooks/{id}/send", _send),
    ("/webhooks/{id}/drop", _drop),
    ("/faults", _fault),
    ("/faults/clear", _clear_faults),
)


def _switches(control: Control) -> dict[str, Any]:
    return control.box.shown_switches()


def _webhooks(control: Control) -> dict[str, Any]:
    found = control.box.book.webhooks(control.box.habits.webhooks_kept_max)
    return {"webhooks": [_told(hook) for hook in found]}


def _told(hook: Webhook) -> dict[str, Any]:
    return {
        "id": hook.id,
        "event": hook.event,
        "about": hook.about,
        "state": hook.state,
        "attempts": hook.attempts,
        "said": hook.said,
    }


def _health(control: Control) -> dict[str, Any]:
    """Answers only when its file can be read."""
    newest = control.box.book.listed(orders.KIND, Wanted(), 1)
    return {"ok": True, "newest_order": newest[0].id if newest else None}
