"""Secrets: how long they are remembered and kept."""

from __future__ import annotations

from config.schema import Count, Positive, Section, key


class SecretLimits(Section):
    """Passwords and keys that configuration refers to by name."""

    refresh_s: Positive = key("A new version is read within this time.", live=True)
    stale_s_max: Positive = key(
        "While its keeper is away, a secret that was read is used for this long.", live=True
    )
    uses_flush_s: Positive = key("Reads of secrets go to the audit trail together, this often.")
    value_bytes_max: Count = key("The longest secret.", live=True)
    versions_kept: Count = key("Older versions leave the local file.", live=True)
    vault_timeout_s: Positive = key("A question to Vault is given up after this long.", live=True)
