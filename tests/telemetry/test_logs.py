"""Log lines carry neither personal data nor secrets, wherever in the line they stand."""

from __future__ import annotations

import logging
import sys

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from telemetry.logs import JsonLines

NUMBER = "+91 98765 43210"


def line_of(message: str, *args: object, **more: object) -> dict[str, object]:
    record = logging.LogRecord("ubertruck.x", logging.INFO, "f", 1, message, args, None)
    for name, value in more.items():
        setattr(record, name, value)
    line: dict[str, object] = msgspec.json.decode(JsonLines().format(record))
    return line


def test_in_the_message_its_arguments_and_its_fields() -> None:
    fields = {"note": f"call {NUMBER}", "email": "asha@example.com", "truck": "T1"}
    line = line_of("cannot reach %s: password=hunter2", NUMBER, fields=fields)

    assert line["message"] == "cannot reach ***3210: password=***"
    assert line["note"] == "call ***3210"
    assert line["email"] == "a***@example.com"
    assert line["truck"] == "T1"


def test_in_a_traceback() -> None:
    try:
        raise ValueError("no user asha@example.com")
    except ValueError:
        line = line_of("failed", exc_info=sys.exc_info())

    assert "asha@" not in str(line["exception"])
    assert "a***@example.com" in str(line["exception"])


@given(st.emails().filter(lambda email: email.index("@") > 1), st.text(max_size=50))
def test_whatever_stands_around(email: str, text: str) -> None:
    assert email not in str(line_of("%s %s %s", text, email, text)["message"])
