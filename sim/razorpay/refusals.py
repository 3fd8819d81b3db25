"""How the sandbox says no: in the words and the shape of Razorpay's errors."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

BAD_REQUEST = "BAD_REQUEST_ERROR"
SERVER_ERROR = "SERVER_ERROR"


class RefusedError(Exception):
    def __init__(
        self,
        description: str,
        *,
        field: str | None = None,
        reason: str = "input_validation_failed",
        status: int = HTTPStatus.BAD_REQUEST,
        code: str = BAD_REQUEST,
    ) -> None:
        super().__init__(description)
        self.status = status
        self.body = error_body(code, description, reason, field)


def error_body(
    code: str, description: str, reason: str, field: str | None = None
) -> dict[str, Any]:
    error: dict[str, Any] = {
        "code": code,
        "description": description,
        "source": "business",
        "step": "payment_initiation",
        "reason": reason,
        "metadata": {},
    }
    if field is not None:
        error["field"] = field
    return {"error": error}


def signed_in_wrong() -> RefusedError:
    refused = RefusedError("Authentication failed", status=HTTPStatus.UNAUTHORIZED)
    refused.body["error"] |= dict.fromkeys(("source", "step", "reason"), "NA")
    return refused


def unknown_id() -> RefusedError:
    return RefusedError("The id provided does not exist")
