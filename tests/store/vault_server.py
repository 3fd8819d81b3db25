"""A small HTTP server that answers as Vault's documentation says its KV 2 engine and tokens do."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, dict[str, Any] | None]
DENIED: Answer = (403, {"errors": ["permission denied"]})
NOT_THERE: Answer = (404, {"errors": []})
SEALED: Answer = (503, {"errors": ["Vault is sealed"]})


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f123Z")


@dataclass(frozen=True)
class Fault:
    """Instead of an answer: a status of its own, or silence for as long as the server runs."""

    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    is_silent: bool = False
    is_done: bool = False  # though it does not look so


@dataclass
class FakeVault:
    """Its state; a test turns the knobs."""

    tokens: set[str] = field(default_factory=lambda: {"root"})
    role: tuple[str, str] = ("role", "secret-id")
    lease_s: int = 0
    is_renewable: bool = True
    is_sealed: bool = False
    faults: list[Fault] = field(default_factory=list)  # one a question, then none
    entries: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    signed_in: int = 0
    renewed: int = 0

    def answer(self, method: str, url: str, token: str | None, body: dict[str, Any]) -> Answer:
        parts = urlsplit(url)
        path, query = parts.path.removeprefix("/v1/"), parse_qs(parts.query)
        self.asked.append(f"{method} {path}")
        if self.is_sealed:
            return SEALED
        if path == "auth/approle/login":
            return self._login(body)
        if token not in self.tokens:
            return DENIED
        if path.startswith("auth/token/"):
            return self._token(path, token or "")
        if path.startswith("secret/data/"):
            return self._data(method, path.removeprefix("secret/data/"), query, body)
        return self._metadata(method, path.removeprefix("secret/metadata/"), query)

    def _login(self, body: dict[str, Any]) -> Answer:
        if (body.get("role_id"), body.get("secret_id")) != self.role:
            return 400, {"errors": ["invalid role or secret ID"]}
        self.signed_in += 1
        token = f"s.{self.signed_in}"
        self.tokens.add(token)
        return 200, {"auth": self._auth(token)}

    def _token(self, path: str, token: str) -> Answer:
        if path.endswith("/lookup-self"):
            return 200, {"data": {"ttl": self.lease_s, "renewable": self.is_renewable}}
        self.renewed += 1
        return 200, {"auth": self._auth(token)}

    def _auth(self, token: str) -> dict[str, Any]:
        return {
            "client_token": token,
            "lease_duration": self.lease_s,
            "renewable": self.is_renewable,
        }

    def _data(
        self, method: str, name: str, query: dict[str, list[str]], body: dict[str, Any]
    ) -> Answer:
        versions = self.entries.setdefault(name, []) if method == "POST" else self.entries.get(name)
        if versions is None:
            return NOT_THERE
        if method == "POST":
            versions.append({"data": body["data"], "created_time": now(), "deletion_time": ""})
            return 200, {"data": self._about(versions, len(versions))}
        number = int(query.get("version", [str(len(versions))])[0])
        if not 1 <= number <= len(versions):
            return NOT_THERE
        about = self._about(versions, number)
        if about["deletion_time"]:
            return 404, {"data": {"data": None, "metadata": about}}
        return 200, {"data": {"data": versions[number - 1]["data"], "metadata": about}}

    def _about(self, versions: list[dict[str, Any]], number: int) -> dict[str, Any]:
        kept = versions[number - 1]
        return {
            "created_time": kept["created_time"],
            "custom_metadata": None,
            "deletion_time": kept["deletion_time"],
            "destroyed": False,
            "version": number,
        }

    def _metadata(self, method: str, name: str, query: dict[str, list[str]]) -> Answer:
        if method == "DELETE":
            self.entries.pop(name, None)
            return 204, None
        if "list" in query:
            folder = name.rstrip("/") + "/"
            keys = {e.removeprefix(folder) for e in self.entries if e.startswith(folder)}
            shown = sorted({k.partition("/")[0] + ("/" if "/" in k else "") for k in keys})
            return (200, {"data": {"keys": shown}}) if shown else NOT_THERE
        versions = self.entries.get(name)
        if versions is None:
            return NOT_THERE
        all_of_it = {str(n): self._about(versions, n) for n in range(1, len(versions) + 1)}
        return 200, {"data": {"current_version": len(versions), "versions": all_of_it}}


class RunningVault:
    def __init__(self) -> None:
        self.state = state = FakeVault()
        self._is_over = is_over = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def _any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}")
                token = self.headers.get("X-Vault-Token")
                fault = state.faults.pop(0) if state.faults else None
                if fault is None or fault.is_done:
                    status, content = state.answer(self.command, self.path, token, body)
                else:
                    state.asked.append(f"{self.command} {urlsplit(self.path).path[4:]}")
                if fault is not None:
                    if fault.is_silent:
                        is_over.wait()
                        return
                    status, content = fault.status, {"errors": ["at fault"]}
                raw = b"" if content is None else json.dumps(content).encode()
                self.send_response(status)
                for name, value in ({} if fault is None else fault.headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = do_DELETE = _any  # noqa: N815 - the base's names

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self._is_over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
