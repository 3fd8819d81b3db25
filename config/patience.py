"""With how much patience each service is called that somebody else runs, by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from config.installation import RouterKind
from config.policy import Policy
from config.sections.providers import USUAL, Patience

Own = Mapping[str, float]

OIDC = "oidc"  # issuers of identities that tenants name
VAULT = "vault"  # where secrets may be kept


def patience_with(now: Policy, name: str) -> Patience:
    """The one policy for a dependency: deadline, attempts, breaker, bulkhead.

    As it is named there; else as usual, but for what a section of its own says of it.
    """
    said = now.providers.patience
    if name in said:
        return said[name]
    own = _OWN.get(name)
    usual = said[USUAL]
    return usual if own is None else usual.model_copy(update=dict(own(now)))


def _of_routers(now: Policy) -> Own:
    limits = now.routing
    longest_s = max(now.providers.patience[USUAL].retry_wait_s_max, limits.retry_wait_s)
    return {
        "deadline_s": limits.deadline_s,
        "attempt_s": limits.attempt_s,
        "attempts": limits.attempts,
        "retry_wait_s": limits.retry_wait_s,
        "retry_wait_s_max": longest_s,
        "at_once_max": limits.requests_at_once,
        "answer_bytes_max": limits.answer_bytes_max,
        "failures_max": limits.breaker.failures,
        "rest_s": limits.breaker.rest_s,
    }


def _of_issuers(now: Policy) -> Own:
    """One attempt may take all of the time: an issuer that is slow is none that is away."""
    limits = now.identity.oidc
    return {
        "deadline_s": limits.deadline_s,
        "attempt_s": limits.deadline_s,
        "answer_bytes_max": limits.body_bytes_max,
    }


def _of_vault(now: Policy) -> Own:
    whole_s = now.secrets.vault_timeout_s
    return {"deadline_s": whole_s, "attempt_s": whole_s}


# Keys that were there before these services had a name under `patience` mean what they meant.
_OWN: dict[str, Callable[[Policy], Own]] = {
    **{kind.value: _of_routers for kind in RouterKind},
    OIDC: _of_issuers,
    VAULT: _of_vault,
}
