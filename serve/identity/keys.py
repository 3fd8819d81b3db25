"""Keys that sign our tokens: made, read from the installation's file, and named by their hash."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import os
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

KEY_BITS = 2048
PUBLIC_EXPONENT = 65537
ALGORITHM = "RS256"
PublicKey = rsa.RSAPublicKey


class KeyFileError(RuntimeError):
    """The key file is missing or does not hold an RSA private key."""


@dataclasses.dataclass(frozen=True, slots=True)
class SigningKey:
    private: rsa.RSAPrivateKey
    key_id: str
    jwk: dict[str, str]

    @property
    def pem(self) -> bytes:
        """Unencrypted: seal it or keep it to its owner."""
        return self.private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def new_key() -> SigningKey:
    """Takes a tenth of a second and more: in a thread, please."""
    return _named(rsa.generate_private_key(PUBLIC_EXPONENT, KEY_BITS))


def key_of_pem(pem: bytes) -> SigningKey:
    private = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise ValueError("not an RSA key")
    return _named(private)


def create_key_file(path: Path) -> bool:
    """Writes a new key, readable by its owner only; False when the file is already there."""
    if path.exists():
        return False
    pem = new_key().pem
    path.parent.mkdir(parents=True, exist_ok=True)
    # Under another name first: whoever sees the file sees the whole key.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_bytes(pem)
    draft.rename(path)
    return True


def load_key(path: Path) -> SigningKey:
    try:
        return key_of_pem(path.read_bytes())
    except (OSError, ValueError) as failed:
        raise KeyFileError(f"no usable signing key in {path}: {failed}") from failed


def _named(private: rsa.RSAPrivateKey) -> SigningKey:
    numbers = private.public_key().public_numbers()
    essence = {"e": _base64url(numbers.e), "kty": "RSA", "n": _base64url(numbers.n)}
    # RFC 7638: the key's id is the hash of its essential members in alphabetical order.
    digest = hashlib.sha256(msgspec.json.encode(essence)).digest()
    key_id = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return SigningKey(private, key_id, {**essence, "kid": key_id, "use": "sig", "alg": ALGORITHM})


def _base64url(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
