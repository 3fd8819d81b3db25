"""Run the messages sandbox: a server that plays those who carry messages, with receipts to us."""

from __future__ import annotations

import json

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from config.installation import MessagingSandbox
from config.policy import Policy
from launch.embedded import local_service
from launch.layout import Layout, write_private
from launch.process import ChildPlan

KEY_BITS, EXPONENT = 2048, 65537  # what Google's own keys have


def plan(sandbox: MessagingSandbox, layout: Layout, policy: Policy) -> ChildPlan:
    """All that it is told; it knows neither our store nor what tenants have set."""
    told = json.dumps(
        {
            "host": sandbox.http.host,
            "port": sandbox.http.port,
            "smtp_port": sandbox.smtp.port,
            "file": str(layout.messaging_sandbox_file),
            "secret": sandbox.secret.get_secret_value(),
            "push_key": _public(sandbox.push_key.get_secret_value()),
            "receipts_url": sandbox.receipts_url,
            "habits": policy.messaging_sandbox.model_dump(),
        }
    )
    file = layout.messaging_sandbox_settings
    return local_service.plan(
        "messaging", "messaging-sandbox", sandbox.http, (file, told), layout, policy.launch
    )


def push_key(layout: Layout) -> str:
    """The sandbox's service account signs with it; made once per data directory."""
    file = layout.messaging_push_key_file
    if not file.is_file():
        key = rsa.generate_private_key(EXPONENT, KEY_BITS)
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        write_private(file, pem.decode())
    return file.read_text()


def _public(pem: str) -> str:
    """It checks signatures, and needs no more."""
    key = serialization.load_pem_private_key(pem.encode(), None).public_key()
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, kind).decode()
