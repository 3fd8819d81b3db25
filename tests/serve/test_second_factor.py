"""The second factor: set up by its owner, asked for at every sign-in, each code good once."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pyotp
import pytest

from store.postgres import AnyConnection
from tests.serve.caller import Caller
from tests.serve.test_sessions import OWN_PASSWORD, User, user

__all__ = ["user"]
PROOF = {"password": OWN_PASSWORD}


def code_of(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(time.time() + steps * 30)


async def enrolled(user: User) -> tuple[str, list[str]]:
    """The seed, and the recovery codes; the code of now has been used."""
    begun = await user.caller.ask("POST", "/v1/me/totp", json=PROOF)
    assert begun.status_code == 201, begun.text
    secret = begun.json()["secret"]
    done = await user.caller.ask("POST", "/v1/me/totp/confirm", json={"code": code_of(secret, -1)})
    assert done.status_code == 200, done.text
    return secret, done.json()["recovery_codes"]


async def test_it_is_asked_for_and_each_code_is_good_once(user: User) -> None:
    secret, _ = await enrolled(user)
    code = code_of(secret)

    without = await user.sign_in()
    wrong = await user.sign_in(code="000000" if code != "000000" else "000001")
    right = await user.sign_in(code=code)
    again = await user.sign_in(code=code)

    assert without.json()["type"].endswith("code-required")
    assert [one.status_code for one in (without, wrong, right, again)] == [401, 401, 201, 401]
    assert wrong.json()["type"].endswith("unauthorised")
    assert (await user.caller.get("/v1/me")).json()["user"]["has_second_factor"]


async def test_of_many_with_one_code_at_once_one_gets_in(user: User) -> None:
    secret, _ = await enrolled(user)
    code = code_of(secret)

    answers = await asyncio.gather(*(user.sign_in(code=code) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [201, 401, 401, 401]


async def test_a_wrong_password_does_not_learn_of_it(user: User) -> None:
    await enrolled(user)

    answer = await user.sign_in(password="wrong")

    assert answer.json()["type"].endswith("unauthorised")


async def test_it_does_not_count_before_it_is_confirmed(user: User) -> None:
    begun = await user.caller.ask("POST", "/v1/me/totp", json=PROOF)
    wrong = await user.caller.ask("POST", "/v1/me/totp/confirm", json={"code": "nonsense"})

    assert begun.json()["uri"].startswith("otpauth://totp/")
    assert wrong.status_code == 422
    assert (await user.sign_in()).status_code == 201


async def test_recovery_codes_stand_in_for_it_once_each(user: User) -> None:
    _, codes = await enrolled(user)

    first = await user.sign_in(code=codes[0].lower())
    again = await user.sign_in(code=codes[0])
    second = await user.sign_in(code=codes[1])

    assert len(set(codes)) == 10
    assert [one.status_code for one in (first, again, second)] == [201, 401, 201]


async def test_it_takes_the_password_to_set_it_up_or_remove_it(user: User) -> None:
    wrong: dict[str, Any] = {"json": {"password": "wrong"}}
    refused = await user.caller.ask("POST", "/v1/me/totp", **wrong)
    await enrolled(user)
    kept = await user.caller.ask("POST", "/v1/me/totp/remove", **wrong)
    twice = await user.caller.ask("POST", "/v1/me/totp", json=PROOF)
    removed = await user.caller.ask("POST", "/v1/me/totp/remove", json=PROOF)

    assert [one.status_code for one in (refused, kept, twice, removed)] == [422, 422, 409, 204]
    assert (await user.sign_in()).status_code == 201


async def test_who_lost_it_is_helped_by_an_administrator(user: User, caller: Caller) -> None:
    await enrolled(user)

    helped = await caller.ask("DELETE", f"/v1/users/{user.id}/totp")

    assert not helped.json()["has_second_factor"]
    assert (await user.caller.get("/v1/me")).status_code == 401
    assert (await user.sign_in()).status_code == 201


async def test_its_seed_is_stored_sealed(user: User, superuser: AnyConnection) -> None:
    secret, codes = await enrolled(user)

    stored = str(await superuser.fetch("SELECT * FROM users WHERE id = $1", user.id))

    assert secret not in stored
    assert all(code not in stored for code in codes)


@pytest.mark.parametrize("path", ["/v1/me/totp", "/v1/me/totp/remove"])
async def test_programs_have_none(caller: Caller, path: str) -> None:
    assert (await caller.ask("POST", path, json=PROOF)).status_code == 403
