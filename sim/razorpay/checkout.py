"""The page on which whoever is to pay pays, or does not: a tester chooses what happens."""

from __future__ import annotations

from html import escape
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sim.razorpay import html, links, orders, payments
from sim.razorpay.book import Entity, Wanted
from sim.razorpay.payments import Outcome
from sim.razorpay.sandbox import Sandbox

_METHODS = {"upi": "UPI", "card": "Card", "netbanking": "Netbanking", "wallet": "Wallet"}
_OUTCOMES = (
    (Outcome.SUCCEED, "It works"),
    (Outcome.FAIL, "It fails"),
    (Outcome.PENDING, "The bank does not say: it stays pending"),
    (Outcome.LATE, "It seems to fail, and is authorised a while later"),
)


def checkout_of_link(box: Sandbox, request: Request) -> Response:
    link = box.book.find(links.KIND, request.path_params["id"])
    if link is None:
        return _missing()
    order = box.the(orders.KIND, link.body["order_id"])
    title = link.body["description"] or "Payment"
    return _checkout(box, request, order, title, f"/sandbox/links/{link.id}/pay", link)


def checkout_of_order(box: Sandbox, request: Request) -> Response:
    order = box.book.find(orders.KIND, request.path_params["id"])
    if order is None:
        return _missing()
    return _checkout(box, request, order, "Payment", f"/sandbox/orders/{order.id}/pay", None)


def _missing() -> Response:
    body = html.section("Not here", "<p>There is nothing to pay at this address.</p>")
    return HTMLResponse(html.page("Not found", "", body, {}), HTTPStatus.NOT_FOUND)


def _checkout(  # noqa: PLR0917 - each is named at the callers
    box: Sandbox, request: Request, order: Entity, title: str, action: str, link: Entity | None
) -> Response:
    shown = order.body if link is None else link.body
    facts = f"""<p class="amount">{html.rupees(order.body["amount"])}</p>
<dl><dt>For</dt><dd>{escape(title)}</dd><dt>Reference</dt><dd>{html.code(order.reference)}</dd>
<dt>State</dt><dd>{html.chip(shown["status"])}</dd></dl>"""
    is_open = shown["status"] in {"created", "attempted", "partially_paid"}
    what = _form(action, request.url.path, link) if is_open else "<p>There is nothing to pay.</p>"
    tried = _tried(box, order)
    body = f'<div class="checkout">{html.section("Pay", facts + what)}{tried}</div>'
    return HTMLResponse(html.page("Checkout", "", body, request.query_params))


def _form(action: str, back: str, link: Entity | None) -> str:
    is_upi_only = link is not None and link.body["upi_link"]
    methods = [(m, _METHODS[m]) for m in payments.METHODS if m == "upi" or not is_upi_only]
    outcomes = [(outcome.value, label) for outcome, label in _OUTCOMES]
    reasons = "".join(
        f'<option value="{reason}">{escape(says)}</option>'
        for reason, says in payments.FAILURES.items()
    )
    return (
        f'<form method="post" action="{action}">{html.hidden("back", back)}'
        f"{html.choices('method', 'Pay by', methods, in_row=True)}"
        f"{html.choices('outcome', 'What happens', outcomes)}"
        f'<div class="fields"><label>If it fails <select name="reason">{reasons}</select></label>'
        '<button class="first">Pay</button></div></form>'
    )


def _tried(box: Sandbox, order: Entity) -> str:
    found = box.book.listed(payments.KIND, Wanted(parent=order.id), box.habits.page_items)
    if not found:
        return ""
    rows = [(html.code(p.id), escape(p.body["method"]), html.chip(p.body["status"])) for p in found]
    return html.section("Attempts", html.table(("Payment", "By", "State"), rows, ""))
