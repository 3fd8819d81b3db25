"""What can go wrong with somebody else's service: it said no, or it said nothing."""

from __future__ import annotations


class ProviderRefusedError(Exception):
    """It answered, and the answer is no; asking the same again gets the same."""

    def __init__(self, code: str, detail: str, reason: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.reason = reason


class ProviderAwayError(Exception):
    """Nothing is known: it may have done what it was asked to, or not. Ask later."""


class ProviderUndoneError(ProviderAwayError):
    """It did nothing: it was not reached, or said that it is too busy. Asking again is safe."""

    def __init__(self, says: str, after_s: float = 0.0) -> None:
        super().__init__(says)
        self.after_s = after_s  # as it said itself; 0: it did not


class ProviderThrottledError(ProviderUndoneError):
    """It did nothing because it was asked too much at once."""


class ProviderRestingError(ProviderUndoneError):
    """Nobody was asked: it failed again and again, and is left alone for a while."""

    def __init__(self, says: str, rest_s: float = 0.0) -> None:
        super().__init__(says)
        self.rest_s = rest_s  # what is left of it; 0: another call tries it just now


class ProviderOversizedError(ProviderAwayError):
    """It answered more than is read of an answer."""


class ProviderUnsetError(ProviderUndoneError):
    """Nobody was asked: the account is not set up. It can be done once an operator has."""
