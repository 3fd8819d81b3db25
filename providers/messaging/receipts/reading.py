"""One entrance for what all providers tell of messages: whose it is, and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from providers.messaging import msg91, smtp, twilio, whatsapp
from providers.messaging.port import Receipt
from providers.messaging.receipts import bounces
from providers.messaging.receipts import msg91 as of_msg91
from providers.messaging.receipts import twilio as of_twilio
from providers.messaging.receipts import whatsapp as of_whatsapp
from providers.messaging.receipts.letter import Letter

Parse = Callable[[Letter, Sequence[str]], list[Receipt]]

# Those that tell anything: pushes and rooms have no receipts.
PARSERS: Mapping[str, Parse] = {
    msg91.NAME: of_msg91.parse,
    twilio.NAME: of_twilio.parse,
    whatsapp.NAME: of_whatsapp.parse,
    smtp.NAME: bounces.parse,
}


def parse(provider: str, letter: Letter, secrets: Sequence[str]) -> list[Receipt]:
    """What it says of messages, in its order; maybe nothing.

    ForgedError: nobody's word for it. UnreadableError: not what it sends. The same may come
    twice, and what is older may come later: a state only ever goes forward.
    """
    return PARSERS[provider](letter, secrets)
