"""Secrets can be pasted anywhere."""

from __future__ import annotations

import secrets

import pytest

from serve.identity.secret_text import drawn_secret


def test_none_begins_like_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["-first", "--second", "third"])
    monkeypatch.setattr(secrets, "token_urlsafe", lambda _bytes: next(drawn))
    assert drawn_secret(24) == "third"
