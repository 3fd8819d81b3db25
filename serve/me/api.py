"""/v1/me: who one is, one's password and one's second factor."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Response

from serve.identity.access import Opened, SignedIn
from serve.me import service
from serve.me.wire import (
    MeOut,
    PasswordChange,
    PasswordProof,
    RecoveryCodesOut,
    TotpConfirmation,
    TotpOut,
)
from serve.sessions.wire import AccessOut

router = APIRouter(tags=["me"])


@router.get("/v1/me")
async def get_me(gateway: Opened, who: SignedIn) -> MeOut:
    """What your token says, and, of a user, what is stored about you."""
    return await service.get(gateway, who)


@router.put("/v1/me/password")
async def change_password(
    wanted: PasswordChange, gateway: Opened, who: SignedIn, response: Response
) -> AccessOut:
    """You are signed out everywhere else; go on with the token of the answer."""
    response.headers["Cache-Control"] = "no-store"
    return await service.change_password(gateway, who, wanted)


@router.post("/v1/me/totp", status_code=HTTPStatus.CREATED)
async def enrol_totp(
    proof: PasswordProof, gateway: Opened, who: SignedIn, response: Response
) -> TotpOut:
    """Begin with a second factor; nothing is asked for before it is confirmed."""
    response.headers["Cache-Control"] = "no-store"
    return await service.enrol_totp(gateway, who, proof.password)


@router.post("/v1/me/totp/confirm")
async def confirm_totp(
    given: TotpConfirmation, gateway: Opened, who: SignedIn, response: Response
) -> RecoveryCodesOut:
    """With a code of the application; from now on every sign-in takes one."""
    response.headers["Cache-Control"] = "no-store"
    return await service.confirm_totp(gateway, who, given.code)


@router.post("/v1/me/totp/remove", status_code=HTTPStatus.NO_CONTENT)
async def remove_totp(proof: PasswordProof, gateway: Opened, who: SignedIn) -> None:
    await service.remove_totp(gateway, who, proof.password)
