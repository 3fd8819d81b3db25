"""Vault, asked as every other service of somebody else's is: patiently, up to a point, and not by
everybody at once."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

import httpx

from config.installation import SecretStores
from config.patience import VAULT, patience_with
from config.policy import Policy
from config.sections.providers import Patience
from providers.attempts import AttemptError, Attempts, BusyError
from providers.errors import ProviderAwayError
from providers.metering import Meter
from store.key_file import KeyFile
from store.secret_names import SecretsAwayError
from store.secrets import Secrets, open_secrets
from store.vault_asking import Once


class PatientVault:
    """One a process."""

    def __init__(self, patience: Callable[[], Patience], meter: Meter | None = None) -> None:
        self._patience = patience
        self._attempts = Attempts(VAULT, patience, meter=meter)

    async def __call__(self, operation: str, once: Once, *, is_repeatable: bool) -> httpx.Response:
        async def attempt() -> httpx.Response:
            try:
                return await once(self._patience())
            except SecretsAwayError as away:
                raise _failed(away, is_repeatable=is_repeatable) from away

        try:
            return await self._attempts.make(operation, attempt, _outcome_of)
        except ProviderAwayError as away:
            raise SecretsAwayError(f"{VAULT}: {away}") from away


def open_patient_secrets(
    where: SecretStores,
    keys: KeyFile,
    policy: Callable[[], Policy],
    meter: Meter | None = None,
) -> Secrets:
    asking = PatientVault(lambda: patience_with(policy(), VAULT), meter)
    return open_secrets(where, keys, lambda: policy().secrets, asking)


def _failed(away: SecretsAwayError, *, is_repeatable: bool) -> AttemptError:
    kind = BusyError if away.is_throttled else AttemptError
    return kind(
        str(away),
        may_repeat=is_repeatable or away.is_undone or away.is_throttled,
        is_undone=away.is_undone,
        is_throttled=away.is_throttled,
        after_s=away.after_s,
    )


def _outcome_of(answer: httpx.Response) -> str:
    """That there is no such secret is an answer like another."""
    is_ok = answer.is_success or answer.status_code == HTTPStatus.NOT_FOUND
    return "ok" if is_ok else "refused"
