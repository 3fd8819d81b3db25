"""What a decider raises when a command cannot be done as things stand."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818 - what it is, is no mistake
    """Nothing has changed; the code is for programs, the detail for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
