"""How webhooks are sent: how many at once, how long each may take, and how far inside."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, Field

from config.schema import Count, Positive, Section, key


def _network(text: str) -> str:
    ipaddress.ip_network(text)
    return text


Network = Annotated[str, Field(max_length=64), AfterValidator(_network)]
Networks = tuple[Network, ...]


class WebhookSending(Section):
    at_once_max: Count = key("Deliveries under way at a time, to all endpoints.", live=True)
    of_endpoint_at_once_max: Count = key("Of these to one endpoint.", live=True)
    connect_s: Positive = key("A connection that is not there by then failed.", live=True)
    deadline_s: Positive = key("An attempt that has not been answered by then failed.", live=True)
    claim_s: Positive = key(
        "What somebody took up to send it, and did not, is sent by another after so long; longer "
        "than the deadline.",
        live=True,
    )
    round_s_max: Positive = key(
        "After so long those under way are waited for, before more are begun.", live=True
    )
    answer_bytes_kept: Count = key("What is read and kept of an answer.", live=True)
    header_chars_kept: Count = key("What is kept of one header of an answer.", live=True)
    headers_kept_max: Count = key("Headers of an answer that are kept.", live=True)
    attempts_shown_max: Count = key("Attempts that a delivery is shown with.", live=True)
    trouble_chars_max: Count = key("What is kept of why an attempt failed.", live=True)
    forget_rows_max: Count = key("Deliveries that are forgotten in one go.", live=True)
    ca_file: str = key(
        "Certificates of the authorities that receivers are believed by; empty: the usual ones.",
        live=True,
    )
    internal_hosts: tuple[str, ...] = key(
        "Names that may lead inside the network, where nothing else may be asked.", live=True
    )
    internal_networks: Networks = key(
        "Networks of the inside that may be asked, by TLS.", live=True
    )
    plain_networks: dict[str, Networks] = key(
        "By environment: networks that may be asked, also without TLS.", live=True
    )
