"""One attempt to tell a receiver something: sent where it may lead, and what came back of it."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx

from config.sections.webhook_sending import WebhookSending
from freight.redaction import redacted_text
from providers.guarded import ADDRESS, FetchError, PinnedTransport, Reach

# What a receiver sets for itself is nobody's business who reads the log.
_UNKEPT = frozenset({"set-cookie", "authorization", "proxy-authenticate"})


@dataclass(frozen=True, slots=True)
class Sent:
    """Without a status there was no answer, and `trouble` says why."""

    took_ms: float
    address: str | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""  # its beginning
    trouble: str | None = None

    @property
    def asked_wait_s(self) -> float | None:
        said = self.headers.get("retry-after", "")
        return float(said) if said.isdecimal() else None

    @property
    def location(self) -> str | None:
        return self.headers.get("location")


def reach_of(limits: WebhookSending, environment: str) -> Reach:
    """How far inside the network a receiver may be."""
    return Reach(
        hosts=limits.internal_hosts,
        networks=[ipaddress.ip_network(each) for each in limits.internal_networks],
        plain=[ipaddress.ip_network(one) for one in limits.plain_networks.get(environment, ())],
    )


class WebhookSender:
    """Redirects are not followed: where they lead to nobody has judged."""

    def __init__(self, limits: Callable[[], WebhookSending], environment: str) -> None:
        self._limits = limits
        self._environment = environment
        self._ca_file = ""
        self._client: httpx.AsyncClient | None = None

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Sent:
        """One POST; whatever goes wrong is part of what it came to."""
        limits = self._limits()
        began_s = time.perf_counter()
        timeout = httpx.Timeout(limits.deadline_s, connect=limits.connect_s)
        client = self._opened(limits.ca_file)
        request = client.build_request(
            "POST", url, headers=dict(headers), content=body, timeout=timeout
        )
        status, kept, answer, trouble = None, {}, b"", None
        try:
            async with asyncio.timeout(limits.deadline_s):
                response = await client.send(request, stream=True)
                try:
                    status, kept = response.status_code, _kept(response.headers, limits)
                    answer = await _beginning(response, limits.answer_bytes_kept)
                finally:
                    await response.aclose()
        except TimeoutError:
            trouble = f"no answer in {limits.deadline_s:g} s"
        except (FetchError, httpx.HTTPError, httpx.InvalidURL) as failed:
            trouble = _in_words(failed)[: limits.trouble_chars_max]
        # Who has said how it went has said it, also when the rest of it does not come.
        return Sent(
            took_ms=round((time.perf_counter() - began_s) * 1000, 1),
            address=request.extensions.get(ADDRESS),
            status=status,
            headers=kept,
            body=answer,
            trouble=None if status is not None else trouble,
        )

    def _opened(self, ca_file: str) -> httpx.AsyncClient:
        if self._client is not None and ca_file == self._ca_file:
            return self._client
        verify = ssl.create_default_context(cafile=ca_file) if ca_file else True
        transport = PinnedTransport(
            lambda: reach_of(self._limits(), self._environment), verify=verify
        )
        # It keeps no connection; who is sending keeps the one that it began with.
        self._client = httpx.AsyncClient(
            transport=transport, follow_redirects=False, trust_env=False
        )
        self._ca_file = ca_file
        return self._client


async def _beginning(response: httpx.Response, most: int) -> bytes:
    """As it comes over the wire: what is packed is not unpacked, however large it would become."""
    found = bytearray()
    async for chunk in response.aiter_raw():
        found += chunk
        if len(found) >= most:
            break
    return bytes(found[:most])


def _kept(headers: httpx.Headers, limits: WebhookSending) -> dict[str, str]:
    named = [(name.lower(), value) for name, value in headers.items()]
    kept = [(name, value) for name, value in named if name not in _UNKEPT]
    most = limits.header_chars_kept
    return {
        _printable(name[:most]): _printable(value[:most])
        for name, value in kept[: limits.headers_kept_max]
    }


def _printable(text: str) -> str:
    """Postgres keeps no NUL in text, and nobody's screen wants control characters."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _in_words(failed: Exception) -> str:
    text = redacted_text(str(failed))
    match failed:
        case FetchError():
            says = text
        case httpx.ConnectTimeout():
            says = "no connection in time"
        case httpx.TimeoutException():
            says = "no answer in time"
        case httpx.ConnectError() if "CERTIFICATE" in text.upper():
            says = f"its certificate is not believed: {text}"
        case httpx.ConnectError():
            says = f"cannot be reached: {text}"
        case httpx.InvalidURL():
            says = "its address cannot be read"
        case _:
            says = f"broke off: {type(failed).__name__} {text}".strip()
    return says
