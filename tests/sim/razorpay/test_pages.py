"""The sandbox's pages as a tester's browser uses them: forms without a script."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.providers.sandbox import SandboxServer


@pytest.fixture
def browser(sandbox: SandboxServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.url, trust_env=False) as client:
        yield client


def link(api: httpx.Client, reference: str, **more: object) -> dict[str, str]:
    body = {"amount": 12_34_567_00, "currency": "INR", "reference_id": reference, **more}
    found: dict[str, str] = api.post("/payment_links", json=body).json()
    return found


def test_a_link_is_listed_opened_and_paid(api: httpx.Client, browser: httpx.Client) -> None:
    made = link(
        api, "page-1", description="<b>Advance</b>", callback_url="http://127.0.0.1:9/x?a=1"
    )
    assert f'href="/l/{made["id"]}"' in browser.get("/").text
    checkout = browser.get(f"/l/{made['id']}").text
    assert "₹12,34,567.00" in checkout
    assert "&lt;b&gt;Advance&lt;/b&gt;" in checkout
    form = {"method": "upi", "outcome": "succeed", "back": f"/l/{made['id']}"}

    paid = browser.post(f"/sandbox/links/{made['id']}/pay", data=form)

    assert paid.status_code == 303
    onward = paid.headers["location"]
    assert onward.startswith("http://127.0.0.1:9/x?a=1&razorpay_payment_id=pay_")
    assert "There is nothing to pay." in browser.get(f"/l/{made['id']}").text
    assert f'href="/l/{made["id"]}"' not in browser.get("/").text


def test_a_refused_form_says_why_on_the_page(api: httpx.Client, browser: httpx.Client) -> None:
    made = link(api, "page-2")
    api.post(f"/payment_links/{made['id']}/cancel")
    form = {"method": "upi", "outcome": "succeed", "back": f"/l/{made['id']}"}

    refused = browser.post(f"/sandbox/links/{made['id']}/pay", data=form, follow_redirects=True)

    assert 'role="alert">This payment link is cancelled' in refused.text


def test_a_form_leads_back_to_our_own_pages_only(browser: httpx.Client) -> None:
    answer = browser.post("/sandbox/settle", data={"back": "//evil.example/"})

    assert answer.headers["location"].startswith("/?notice=")


def test_switches_are_saved_as_they_are_ticked(browser: httpx.Client) -> None:
    form = {"form": "1", "back": "/webhooks", "is_paused": "on", "copies": "2", "delay_s": "5"}
    browser.post("/sandbox/switches", data=form)

    assert browser.get("/sandbox/switches").json() == {
        "is_automatic": False,
        "is_paused": True,
        "is_dropping": False,
        "is_shuffling": False,
        "copies": 2,
        "delay_s": 5.0,
    }


@pytest.mark.parametrize(
    "changed",
    [{"copies": -1}, {"copies": 1.5}, {"is_paused": 1}, {"delay_s": True}, {"no_such": True}],
)
def test_a_switch_is_not_set_to_nonsense(browser: httpx.Client, changed: dict[str, object]) -> None:
    assert browser.post("/sandbox/switches", json=changed).status_code == 400


@pytest.mark.parametrize("path", ["/", "/payouts", "/webhooks"])
def test_pages_can_be_used_without_seeing_them(browser: httpx.Client, path: str) -> None:
    page = browser.get(path).text

    assert '<html lang="en">' in page
    assert len(re.findall(r"<h1>", page)) == 1
    assert 'aria-current="page"' in page or "aria-current=page" in page
    for field in re.findall(r"<(?:input type=\"(?:text|checkbox|radio)\"|select)[^>]*>", page):
        before = page[: page.index(field)]
        assert before.count("<label>") > before.count("</label>"), field


def test_an_unknown_checkout_is_not_found(browser: httpx.Client) -> None:
    assert browser.get("/l/plink_nothing").status_code == 404
    assert browser.get("/checkout/order_nothing").status_code == 404
