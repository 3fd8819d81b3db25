"""This process's installation, with the secrets that its settings refer to in their places."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

from pydantic import SecretStr

from config import installation as settings
from config.installation import Installation
from config.policy import policy
from store.key_file import KeyFile
from store.secret_names import OF_INSTALLATION, SecretReference
from store.secrets import Secrets, open_secrets

READER = "service:installation"


@lru_cache(maxsize=1)
def installation() -> Installation:
    return with_secrets(settings.installation())


def with_secrets(where: Installation) -> Installation:
    """Reads them once: a server's password that changes is taken at the next start."""
    plain = where.model_dump()
    references = {text for text in _texts(plain) if SecretReference.parse(text) is not None}
    if not references:
        return where
    # In a thread of its own, for the caller's may have a running loop.
    with ThreadPoolExecutor(max_workers=1) as thread:
        values = thread.submit(asyncio.run, _read_all(where, references)).result()
    return Installation.model_validate(_replaced(plain, values))


async def _read_all(where: Installation, references: set[str]) -> dict[str, str]:
    secrets = open_secrets(where.secrets, KeyFile(where.key_file), lambda: policy().secrets)
    try:
        return {text: await _read(secrets, text) for text in references}
    finally:
        await secrets.close()


async def _read(secrets: Secrets, text: str) -> str:
    reference = SecretReference.parse(text)
    if reference is None:
        return text
    return (await secrets.get(OF_INSTALLATION, reference, READER)).text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, SecretStr):
        yield value.get_secret_value()


def _replaced(value: Any, values: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(inner, values) for key, inner in value.items()}
    if isinstance(value, SecretStr):
        text = value.get_secret_value()
        return SecretStr(values.get(text, text))
    return value
