"""A real issuer of identities on loopback, which can be told what to sign and to change its key."""

from __future__ import annotations

import contextlib
import dataclasses
import secrets
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
import httpx
import jwt
from oidc_provider_mock import User, app
from oidc_provider_mock._server import _threaded_server
from oidc_provider_mock._storage import Storage

CLIENT = "ubertruck"
BACK = "https://console.example.com/signed-in"


@dataclasses.dataclass
class Issuer:
    url: str
    storage: Storage
    asked: list[str]  # the paths of all requests

    def signed_in(self, user: str, claims: dict[str, Any], client: str = CLIENT) -> str:
        """The ID token of somebody who signs in there, as any application would get it."""
        self.storage.store_user(User(sub=user, claims=claims))
        with httpx.Client(base_url=self.url, trust_env=False) as browser:
            asked = {"response_type": "code", "client_id": client, "redirect_uri": BACK}
            asked["scope"] = "openid"
            shown = browser.post("/oauth2/authorize", params=asked, data={"sub": user})
            code = parse_qs(urlsplit(shown.headers["location"]).query)["code"][0]
            form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
            answer = browser.post("/oauth2/token", data=form, auth=(client, "any"))
        token: str = answer.json()["id_token"]
        return token

    def signed(self, **claims: Any) -> str:
        """What its own key signs, whether it would ever say so or not."""
        now_s = int(time.time())
        usual = {"iss": self.url, "aud": CLIENT, "sub": "asha", "iat": now_s, "exp": now_s + 300}
        said = {**usual, "groups": ["staff"], "jti": secrets.token_hex(8), **claims}
        told = {name: value for name, value in said.items() if value is not None}
        private = self.storage.jwk.as_pem(is_private=True)
        return jwt.encode(told, private, "RS256", headers={"kid": self.key_id})

    @property
    def key_id(self) -> str:
        return str(self.storage.jwk.as_dict()["kid"])

    def change_key(self) -> None:
        self.storage.jwk = Storage().jwk


@contextlib.contextmanager
def running() -> Iterator[Issuer]:
    served = app()
    asked: list[str] = []
    kept: list[Storage] = []

    def note() -> None:
        asked.append(flask.request.path)
        kept.append(flask.g.oidc_provider_mock_storage)

    served.before_request(note)
    with _threaded_server(served, host="127.0.0.1", poll_interval=0.01) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        httpx.get(f"{url}/jwks", trust_env=False)
        asked.clear()
        yield Issuer(url, kept[0], asked)
