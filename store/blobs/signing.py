"""AWS Signature Version 4, as S3 and all that speak like it want requests signed."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"
_UNRESERVED = "-_.~"


@dataclass(frozen=True, slots=True)
class Credentials:
    key_id: str
    secret: str
    region: str
    service: str = "s3"


def signed(  # noqa: PLR0917 - the parts of a request, in their order
    credentials: Credentials,
    method: str,
    path: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    payload_sha256: str,
    at: datetime,
) -> dict[str, str]:
    """The headers with what proves that they are ours; `headers` has Host, and all are signed."""
    stamp, day = at.strftime("%Y%m%dT%H%M%SZ"), at.strftime("%Y%m%d")
    full = {
        **{name.lower(): " ".join(value.split()) for name, value in headers.items()},
        "x-amz-content-sha256": payload_sha256,
        "x-amz-date": stamp,
    }
    names = ";".join(sorted(full))
    canonical = "\n".join(
        (
            method,
            quote(path, safe="/" + _UNRESERVED),
            canonical_query(query),
            *(f"{name}:{full[name]}" for name in sorted(full)),
            "",
            names,
            payload_sha256,
        )
    )
    scope = f"{day}/{credentials.region}/{credentials.service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join((ALGORITHM, stamp, scope, digest))
    key = ("AWS4" + credentials.secret).encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, to_sign.encode(), "sha256").hexdigest()
    proof = f"Credential={credentials.key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {**full, "authorization": f"{ALGORITHM} {proof}"}


def canonical_query(query: Mapping[str, str]) -> str:
    """As it is signed, and as it must be sent."""
    pairs = (
        (quote(name, safe=_UNRESERVED), quote(value, safe=_UNRESERVED))
        for name, value in query.items()
    )
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
