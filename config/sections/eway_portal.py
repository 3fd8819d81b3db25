"""The e-way bill portal: whose account with which service provider, and how it is looked after."""

from __future__ import annotations

from config.schema import Count, Positive, Section, Who, key
from config.sections.providers import Account


class EwayPortalSettings(Section):
    account: Account = key(
        "Through whose account the portal is asked.", who=Who.OPERATOR, live=True
    )
    base_url: str = key("Where the service provider's API is.", who=Who.OPERATOR, live=True)
    gstin: str = key("The GSTIN that is signed in to the portal.", who=Who.TENANT, live=True)
    username: str = key("Its API user on the portal.", who=Who.TENANT, live=True)
    password: str = key("Where that user's password is kept.", who=Who.TENANT, live=True)
    api_key: str = key("Where the service provider's key is kept.", who=Who.OPERATOR, live=True)
    look_s: Positive = key(
        "How often a bill is held against its truck's arrival.", who=Who.OPERATOR, live=True
    )
    ask_again_s: Positive = key(
        "After so long without an answer the portal is asked what became of a request.",
        who=Who.OPERATOR,
        live=True,
    )
    bills_at_once: Count = key("Bills that one round looks at.", live=True)
