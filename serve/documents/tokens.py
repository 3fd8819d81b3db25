"""Tokens of links to documents: signed, so that a forged one costs no look into the database."""

from __future__ import annotations

import base64
import hmac
import re
from dataclasses import dataclass

from store.key_file import KeyFile, KeyFileError

PURPOSE = "document-links"
_FORM = re.compile(
    r"([0-9a-f]{1,8})\.([A-Za-z0-9_-]{1,64})\.([0-9a-f]{1,12})\.(\d{1,9})\.([\w-]{43})"
)


@dataclass(frozen=True, slots=True)
class LinkToken:
    tenant_key: int
    link: str
    expires_s: int


class LinkSigner:
    def __init__(self, keys: KeyFile) -> None:
        self._keys = keys

    def token(self, of: LinkToken) -> str:
        version = self._keys.ring.newest
        said = f"{of.tenant_key:x}.{of.link}.{of.expires_s:x}.{version}"
        return f"{said}.{self._proof(said, version)}"

    def read(self, token: str, now_s: float) -> LinkToken | None:
        """None: not one of ours, or expired."""
        found = _FORM.fullmatch(token)
        if found is None:
            return None
        tenant_key, link, expires_s, version, proof = found.groups()
        said = token.rpartition(".")[0]
        try:
            right = self._proof(said, int(version))
        except KeyFileError:
            return None
        if not hmac.compare_digest(right, proof):
            return None
        of = LinkToken(int(tenant_key, 16), link, int(expires_s, 16))
        return of if now_s < of.expires_s else None

    def _proof(self, said: str, version: int) -> str:
        mac = hmac.digest(self._keys.key_for(PURPOSE, version), said.encode(), "sha256")
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
