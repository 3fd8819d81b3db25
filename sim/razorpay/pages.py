"""The sandbox's pages for testers: what is to be paid, payouts, webhooks."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sim.razorpay import html, links, orders, payments, payouts, refunds, settlements
from sim.razorpay.book import Entity, Wanted, Webhook
from sim.razorpay.checkout import checkout_of_link, checkout_of_order
from sim.razorpay.sandbox import Sandbox, Switches

LAKH = 1_00_000_00  # in paise
CSS = (Path(__file__).parent / "page.css").read_bytes()


class Pages:
    def __init__(self, box: Sandbox) -> None:
        self.box = box

    def routes(self) -> list[Route]:
        return [
            Route("/", self.money_in),
            Route("/payouts", self.money_out),
            Route("/webhooks", self.webhooks),
            Route("/l/{id}", self.link),
            Route("/checkout/{id}", self.order),
            Route("/page.css", self.css),
        ]

    async def css(self, _: Request) -> Response:
        return Response(CSS, media_type="text/css")

    async def link(self, request: Request) -> Response:
        return checkout_of_link(self.box, request)

    async def order(self, request: Request) -> Response:
        return checkout_of_order(self.box, request)

    async def money_in(self, request: Request) -> Response:
        box, back = self.box, "/"
        body = "".join(
            (
                html.section("To be paid", _open(box)),
                html.section("Payments", _payments(box, back)),
                html.section("Refunds", _refunds(box, back)),
                html.section("Settlements", _settlements(box, back)),
            )
        )
        return _page(request, "Payments", "/", body)

    async def money_out(self, request: Request) -> Response:
        box, back = self.box, "/payouts"
        money = html.acts(
            *_top_up(back),
            html.button("/sandbox/balance/empty", "Empty the account", back),
        )
        balance = f'<p class="amount">{html.rupees(box.balance_minor)}</p>{money}'
        body = html.section("Payout account", balance)
        body += html.section("Payouts", _payouts(box, back))
        return _page(request, "Payouts", "/payouts", body)

    async def webhooks(self, request: Request) -> Response:
        box, back = self.box, "/webhooks"
        url = html.code(box.settings.webhook_url)
        body = html.section("How they are sent", f"<p>To {url}</p>" + _switches(box, back))
        body += html.section("Log", _log(box, back))
        return _page(request, "Webhooks", "/webhooks", body)


def _page(request: Request, title: str, here: str, body: str) -> Response:
    return HTMLResponse(html.page(title, here, body, request.query_params))


def _listed(box: Sandbox, kind: str) -> list[Entity]:
    return box.book.listed(kind, Wanted(), box.habits.page_items)


def _at(box: Sandbox, second: float) -> str:
    return html.clock(second, box.habits.day_starts_minutes)


def _open(box: Sandbox) -> str:
    rows = []
    for order in _listed(box, orders.KIND):
        link_id = order.extra.get("link")
        link = box.book.find(links.KIND, link_id) if link_id else None
        status = order.body["status"] if link is None else link.body["status"]
        if status in {"paid", "cancelled", "expired"}:
            continue
        where = f"/checkout/{order.id}" if link is None else f"/l/{link.id}"
        pay = f'<a class="button first" href="{where}" aria-label="Pay {order.id}">Pay</a>'
        rows.append(
            (
                html.code(order.id if link is None else link.id),
                "order" if link is None else "link",
                html.code(order.body["receipt"]),
                html.chip(status),
                html.rupees(order.body["amount_due"]),
                _at(box, order.created_s),
                pay,
            )
        )
    heads = ("Id", "Kind", "Reference", "State", "₹ due", "Made", "Actions")
    return html.table(heads, rows, "Nothing is to be paid. Orders and links appear here.")


def _payments(box: Sandbox, back: str) -> str:
    rows = []
    for payment in _listed(box, payments.KIND):
        shown, where = payment.body, f"/sandbox/payments/{payment.id}"
        doing = []
        if shown["status"] in {"created", "failed"}:
            doing.append(html.button(f"{where}/authorize", "Authorise", back, about=payment.id))
        if shown["status"] == "created":
            doing.append(html.button(f"{where}/fail", "Fail", back, about=payment.id))
        rows.append(
            (
                html.code(payment.id),
                html.code(shown["order_id"]),
                escape(shown["method"]),
                html.chip(shown["status"]),
                html.rupees(shown["amount"]),
                html.rupees(shown["amount_refunded"]),
                _at(box, payment.created_s),
                html.acts(*doing),
            )
        )
    heads = ("Id", "Order", "By", "State", "₹ paid", "₹ refunded", "Made", "Actions")
    return html.table(heads, rows, "Nobody has paid yet.")


def _refunds(box: Sandbox, back: str) -> str:
    rows = []
    for refund in _listed(box, refunds.KIND):
        shown, where = refund.body, f"/sandbox/refunds/{refund.id}"
        doing = []
        if shown["status"] == "pending":
            doing = [
                html.button(f"{where}/process", "Go through", back, about=refund.id),
                html.button(f"{where}/fail", "Fail", back, about=refund.id),
            ]
        rows.append(
            (
                html.code(refund.id),
                html.code(shown["payment_id"]),
                html.chip(shown["status"]),
                html.rupees(shown["amount"]),
                _at(box, refund.created_s),
                html.acts(*doing),
            )
        )
    heads = ("Id", "Payment", "State", "₹ back", "Made", "Actions")
    return html.table(heads, rows, "Nothing has been given back.")


def _settlements(box: Sandbox, back: str) -> str:
    rows = [
        (
            html.code(made.id),
            html.code(made.body["utr"]),
            html.rupees(made.body["amount"]),
            html.rupees(made.body["fees"]),
            _at(box, made.created_s),
        )
        for made in _listed(box, settlements.KIND)
    ]
    listed = html.table(
        ("Id", "UTR", "₹ to the bank", "₹ fees", "Made"), rows, "Nothing has been settled."
    )
    return html.acts(html.button("/sandbox/settle", "Settle now", back)) + listed


def _payouts(box: Sandbox, back: str) -> str:
    rows = []
    for payout in _listed(box, payouts.KIND):
        shown, where = payout.body, f"/sandbox/payouts/{payout.id}"
        labels = {"process": "Succeed", "fail": "Fail", "reverse": "Reverse"}
        doing = [
            html.button(f"{where}/{what}", labels[what], back, about=payout.id)
            for what, states in payouts.MOVES.items()
            if shown["status"] in states
        ]
        rows.append(
            (
                html.code(payout.id),
                html.code(shown["reference_id"]),
                escape(shown["mode"]),
                html.chip(shown["status"]),
                html.rupees(shown["amount"]),
                html.code(shown["utr"]),
                _at(box, payout.created_s),
                html.acts(*doing),
            )
        )
    heads = ("Id", "Reference", "By", "State", "₹ out", "UTR", "Made", "Actions")
    return html.table(heads, rows, "Nothing has been paid out.")


def _top_up(back: str) -> list[str]:
    return [
        f'<form method="post" action="/sandbox/balance/add">{html.hidden("back", back)}'
        f"{html.hidden('minor', str(lakhs * LAKH))}"
        f"<button>Add {html.rupees(lakhs * LAKH)}</button></form>"
        for lakhs in (1, 10)
    ]


_TICKS = (
    ("is_automatic", "Refunds and payouts go through by themselves"),
    ("is_paused", "Hold webhooks back until they are sent by hand"),
    ("is_shuffling", "Send in any order"),
    ("is_dropping", "Drop: they are never sent"),
)


def _switches(box: Sandbox, back: str) -> str:
    now = box.switches
    ticks = "".join(
        f'<label><input type="checkbox" name="{name}"{" checked" if _is_on(now, name) else ""}>'
        f"{label}</label>"
        for name, label in _TICKS
    )
    fields = "".join(
        f'<label>{label} <input type="text" inputmode="numeric" name="{name}" value="{value}">'
        "</label>"
        for name, label, value in (
            ("copies", "Copies of each", now.copies),
            ("delay_s", "Delay in seconds", int(now.delay_s)),
        )
    )
    return (
        f'<form method="post" action="/sandbox/switches">{html.hidden("back", back)}'
        f"{html.hidden('form', '1')}<fieldset><legend>Switches</legend>"
        f'<div class="choices">{ticks}</div><div class="fields">{fields}'
        '<button class="first">Save</button></div></fieldset></form>'
    )


def _is_on(now: Switches, name: str) -> bool:
    value: Any = getattr(now, name)
    return bool(value)


def _log(box: Sandbox, back: str) -> str:
    rows = [_line(box, hook, back) for hook in box.book.webhooks(box.habits.page_items)]
    heads = ("Event", "About", "State", "Tried", "Answer", "Made", "Actions")
    shuffled = (
        f'<form method="post" action="/sandbox/webhooks/send">{html.hidden("back", back)}'
        f"{html.hidden('is_shuffled', '1')}<button>Send all that wait, shuffled</button></form>"
    )
    plain = html.button("/sandbox/webhooks/send", "Send all that wait", back)
    return html.acts(plain, shuffled) + html.table(heads, rows, "No webhook has been made.")


def _line(box: Sandbox, hook: Webhook, back: str) -> tuple[str, ...]:
    where = f"/sandbox/webhooks/{hook.id}"
    label = "Send" if hook.attempts == 0 else "Send again"
    doing = [html.button(f"{where}/send", label, back, about=hook.event)]
    if hook.state == "waiting":
        doing.append(html.button(f"{where}/drop", "Drop", back, about=hook.event))
    return (
        html.code(hook.event),
        html.code(hook.about),
        html.chip(hook.state),
        str(hook.attempts),
        escape(hook.said),
        _at(box, hook.made_s),
        html.acts(*doing),
    )
