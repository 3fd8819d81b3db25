"""Users, clients, keys and tokens: how they prove themselves, and for how long that holds."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.schema import Count, Positive, Section, Who, key

NotNegative = Annotated[float, Field(ge=0)]
NotNegativeCount = Annotated[int, Field(ge=0)]


class Passwords(Section):
    """How users' passwords are made and stored (Argon2id)."""

    time_cost: Count = key("Passes over the memory.", live=True)
    memory_kib: Annotated[int, Field(ge=64)] = key("Memory that one check takes.", live=True)
    parallelism: Count = key("Lanes of one check.", live=True)
    length_min: Annotated[int, Field(ge=8)] = key("A shorter password is refused.", live=True)
    checks_at_once: Count = key("Secrets that one replica checks at a time.")
    one_time_valid_s: Positive = key(
        "For how long a password that an administrator gave can be used to choose one's own.",
        live=True,
    )


class Lockout(Section):
    """How guessing passwords and secrets gets slower."""

    account_free: Count = key("Failures of one account before it has to wait.", live=True)
    client_free: Count = key("Failures of one client before it has to wait.", live=True)
    address_free: Count = key("Failures from one address before it has to wait.", live=True)
    delay_first_s: Positive = key("The first wait; each further failure doubles it.", live=True)
    delay_s_max: Positive = key("The longest wait.", live=True)
    forget_after_s: Positive = key("Failures older than that are forgotten.", live=True)
    rows_max: Count = key("Accounts and addresses remembered; the oldest go first.", live=True)


class Sessions(Section):
    """How long a user stays signed in."""

    lasts_s: Positive = key("Then one signs in again, however busy the session.", live=True)
    idle_s: Positive = key("A session ends when nothing was asked with it for so long.", live=True)
    kept_s: Positive = key("Ended sessions are kept for so long, to be looked at.", live=True)


class OneTimeCodes(Section):
    """The second factor of users (TOTP)."""

    steps_off: NotNegativeCount = key(
        "How many steps of 30 s a user's clock may be off.", live=True
    )
    recovery_codes: Count = key("Codes for who has lost the device.", live=True)


class Clients(Section):
    """Programs that sign in with an id and a secret."""

    usual_overlap_s: Positive = key(
        "How long a rotated secret stays good, if nothing is said.", who=Who.TENANT, live=True
    )
    overlap_s_max: Positive = key(
        "The longest overlap that may be asked for.", who=Who.OPERATOR, live=True
    )


class ApiKeys(Section):
    """Keys of programs."""

    usual_life_s: Positive = key(
        "How long a key is good, if nothing is said.", who=Who.TENANT, live=True
    )
    life_s_max: Positive = key(
        "The longest life that a key may be given.", who=Who.OPERATOR, live=True
    )
    recheck_s: Positive = key("A key that was checked is looked up again after that.", live=True)
    cache_max: Count = key("Checked keys that a replica remembers.", live=True)
    used_write_s: Positive = key("How often at most a key's last use is written.", live=True)


class SigningKeys(Section):
    """Keys that sign access tokens."""

    rotate_every_s: Positive = key("A signing key is replaced after that.", live=True)
    publish_before_s: Positive = key(
        "A key is published so long before it signs, so that all know it by then.", live=True
    )
    keep_after_s: NotNegative = key(
        "A key stays published so long after the last token it signed has expired.", live=True
    )


class Oidc(Section):
    """Foreign issuers of identities."""

    deadline_s: Positive = key("An issuer that has not answered by then is away.", live=True)
    body_bytes_max: Count = key("A longer answer of an issuer is not read.", live=True)
    keys_ttl_s: Positive = key("How long an issuer's keys are believed unasked.", live=True)
    keys_stale_s_max: Positive = key(
        "While an issuer is away its keys are believed for so long at most.", live=True
    )
    refetch_s: Positive = key("An issuer is asked for its keys at most this often.", live=True)
    issuers_cached_max: Count = key("Issuers whose keys a replica remembers.", live=True)
    leeway_s: NotNegative = key("How far an issuer's clock may be off.", live=True)
    assertion_chars_max: Count = key("A longer assertion is not read.", live=True)
    assertion_age_s_max: Positive = key("An identity older than that is refused.", live=True)
    internal_hosts: tuple[str, ...] = key(
        "Issuers at addresses inside the network are only asked if their host stands here.",
        live=True,
    )


class Identity(Section):
    """Users, clients, keys and tokens."""

    passwords: Passwords
    lockout: Lockout
    sessions: Sessions
    one_time_codes: OneTimeCodes
    clients: Clients
    api_keys: ApiKeys
    signing_keys: SigningKeys
    oidc: Oidc
    follow_s: Positive = key("How often a replica looks for revocations and new keys.", live=True)
    sweep_s: Positive = key("How often what has expired is deleted.", live=True)
    sweep_rows_max: Count = key("Rows of a kind that one sweep deletes.", live=True)
