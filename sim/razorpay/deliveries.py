"""What happens by itself: webhooks are sent, refunds and payouts go through, links expire."""

from __future__ import annotations

import asyncio
import contextlib
import random
from http import HTTPStatus

import httpx

from sim.razorpay import links, payments, payouts, refunds
from sim.razorpay.book import Webhook
from sim.razorpay.refusals import RefusedError
from sim.razorpay.sandbox import Sandbox

WAITING = "waiting"


async def run(box: Sandbox) -> None:
    """Until it is cancelled."""
    async with httpx.AsyncClient(
        timeout=box.habits.webhook_attempt_s, trust_env=False, follow_redirects=False
    ) as http:
        while True:
            box.woken.clear()
            let_due_things_happen(box)
            await _send_due(box, http)
            await _until_something_is_due(box)


async def _send_due(box: Sandbox, http: httpx.AsyncClient) -> None:
    """Those about one thing in their order, those about several side by side."""
    about: dict[str, list[Webhook]] = {}
    for hook in box.book.due_webhooks(box.now_s()):
        about.setdefault(hook.about, []).append(hook)
    at_once = asyncio.Semaphore(box.habits.webhooks_at_once)

    async def send_each(hooks: list[Webhook]) -> None:
        async with at_once:
            for hook in hooks:
                await send(box, http, hook)

    await asyncio.gather(*(send_each(hooks) for hooks in about.values()))


async def _until_something_is_due(box: Sandbox) -> None:
    next_s = box.book.next_due_s()
    wait_s = None if next_s is None else max(0.0, next_s - box.now_s())
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(box.woken.wait(), wait_s)


def let_due_things_happen(box: Sandbox) -> None:
    with box.book.changing():
        for what, entity_id in box.book.take_due(box.now_s()):
            with contextlib.suppress(RefusedError):  # a tester was faster
                _happen(box, what, entity_id)


def _happen(box: Sandbox, what: str, entity_id: str) -> None:
    if what == payments.AUTHORIZE_LATE:
        payments.authorize(box, entity_id)
    elif what == refunds.PROCESS:
        refunds.process(box, entity_id)
    elif what == payouts.PROCESS:
        payouts.process_by_itself(box, entity_id)
    elif what == links.EXPIRE:
        links.expire(box, entity_id)


async def send(box: Sandbox, http: httpx.AsyncClient, hook: Webhook) -> None:
    """As often as it is to be repeated; refused or unheard, it is tried again later."""
    said, is_heard = "", True
    for _ in range(hook.copies):
        said = await _posted(box, http, hook)
        is_heard = is_heard and said.startswith("2")
    attempts = hook.attempts + 1
    if is_heard:
        state, next_s = "delivered", None
    else:
        state, next_s = _retried(box, hook, attempts)
    with box.book.changing():
        box.book.change_webhook(hook.id, state=state, next_s=next_s, attempts=attempts, said=said)


async def _posted(box: Sandbox, http: httpx.AsyncClient, hook: Webhook) -> str:
    headers = {
        "Content-Type": "application/json",
        "X-Razorpay-Signature": links.signed(hook.body, box.settings.webhook_secret),
        "X-Razorpay-Event-Id": hook.id,
    }
    try:
        answer = await http.post(box.settings.webhook_url, content=hook.body, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as failed:
        return type(failed).__name__
    return f"{answer.status_code} {answer.reason_phrase}"


def _retried(box: Sandbox, hook: Webhook, attempts: int) -> tuple[str, float | None]:
    habits = box.habits
    if box.now_s() - hook.made_s > habits.webhook_give_up_s:
        return "given_up", None
    wait_s = min(habits.webhook_wait_s_min * 2.0 ** (attempts - 1), habits.webhook_wait_s_max)
    return WAITING, box.now_s() + wait_s


def send_soon(box: Sandbox, hook_id: str) -> None:
    """Again, or at last, by a tester's hand."""
    hook = box.book.find_webhook(hook_id)
    if hook is None:
        raise RefusedError("There is no such webhook.", status=HTTPStatus.NOT_FOUND)
    box.book.change_webhook(
        hook.id, state=WAITING, next_s=box.now_s(), attempts=hook.attempts, said=hook.said
    )
    box.woken.set()


def drop(box: Sandbox, hook_id: str) -> None:
    hook = box.book.find_webhook(hook_id)
    if hook is None:
        raise RefusedError("There is no such webhook.", status=HTTPStatus.NOT_FOUND)
    box.book.change_webhook(
        hook.id, state="dropped", next_s=None, attempts=hook.attempts, said=hook.said
    )


def send_all(box: Sandbox, *, is_shuffled: bool) -> int:
    """All that wait, now; shuffled: in any order."""
    waiting = box.book.waiting_webhooks()
    if is_shuffled:
        random.shuffle(waiting)
    now_s = box.now_s()
    for place, hook in enumerate(waiting):
        # In the past, a thousandth apart: the order of the times is the order of sending.
        at_s = now_s - (len(waiting) - place) / 1000
        box.book.change_webhook(
            hook.id, state=WAITING, next_s=at_s, attempts=hook.attempts, said=hook.said
        )
    box.woken.set()
    return len(waiting)
