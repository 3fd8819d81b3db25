"""Signs quotes with the installation's keys, whose every version stays: also old quotes verify."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from store.key_file import KeyFile, KeyFileError

PURPOSE = "quotes"
_FORM = re.compile(r"v(\d{1,9})\.([A-Za-z0-9_-]{43})")


class QuoteSigner:
    def __init__(self, keys: KeyFile) -> None:
        self._keys = keys

    def sign(self, body: bytes) -> str:
        """Names the version of the key, so that it can be found again."""
        version = self._keys.ring.newest
        return f"v{version}.{self._mac(body, version)}"

    def is_ours(self, body: bytes, signature: str) -> bool:
        """Whether exactly these bytes were signed here."""
        found = _FORM.fullmatch(signature)
        if found is None:
            return False
        try:
            return hmac.compare_digest(self._mac(body, int(found[1])), found[2])
        except KeyFileError:
            return False

    def _mac(self, body: bytes, version: int) -> str:
        mac = hmac.digest(self._keys.key_for(PURPOSE, version), body, hashlib.sha256)
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
