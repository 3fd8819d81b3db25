"""Which facts tell whom by which channels, and when: what a tenant may set about messages."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from freight.notifying.channels import Channel
from freight.notifying.state import Severity
from freight.rules import Rules, Who, key

Count = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
FactType = Annotated[str, Field(pattern=r"^[a-z][a-z_]*(\.[a-z_]+)+$")]
KIND_PATTERN = r"^[a-z][a-z_]*(\.[a-z_]+)*$"
Kind = Annotated[str, Field(pattern=KIND_PATTERN, max_length=64)]
CLOCK_PATTERN = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
Clock = Annotated[str, Field(pattern=CLOCK_PATTERN)]
# Of whom: by role, who is on call at a level, one by name, and whoever has to do with it.
RECIPIENT_PATTERN = (
    r"^(role:[a-z][a-z0-9_-]{0,40}|on_call:[123]|user:[A-Za-z0-9_-]{1,64}|room:[a-z0-9_-]{1,40}"
    r"|booking\.(shipper|pickup|drop|driver|carrier)|truck\.(driver|carrier)|assigned)$"
)
Recipient = Annotated[str, Field(pattern=RECIPIENT_PATTERN)]


def _a_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r} is no time zone") from error
    return name


Zone = Annotated[str, AfterValidator(_a_zone)]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Telling(_Value):
    """Whom one sort of facts tells."""

    facts: Annotated[tuple[FactType, ...], Field(min_length=1)]
    # Only facts whose data say one of these under this name.
    where: dict[str, tuple[str, ...]] = {}
    kind: Kind | None = None  # None: as the fact is called
    severity: Severity | None = None  # None: as the fact says, else information
    to: Annotated[tuple[Recipient, ...], Field(min_length=1)]
    # Each is a message of its own, by the first of its channels that works.
    routes: Annotated[tuple[str, ...], Field(min_length=1)]
    delay_s: Annotated[int, Field(ge=0)] = 0
    digest: bool = False  # for who has not chosen otherwise


class QuietRules(Rules):
    from_clock: Clock | None = key(
        "From when on nobody is disturbed, by the clock; none: always may be.",
        who=Who.TENANT,
        live=True,
    )
    to_clock: Clock | None = key("... and until when.", who=Who.TENANT, live=True)
    channels: tuple[Channel, ...] = key(
        "The channels that disturb; the others take messages at any time.",
        who=Who.TENANT,
        live=True,
    )
    except_severities: tuple[Severity, ...] = key(
        "What is as severe disturbs all the same, whatever hours a person chose.",
        who=Who.TENANT,
        live=True,
    )


class DigestRules(Rules):
    at_clocks: Annotated[tuple[Clock, ...], Field(min_length=1)] = key(
        "When what was collected goes out, by the clock.", who=Who.TENANT, live=True
    )
    except_severities: tuple[Severity, ...] = key(
        "What is as severe is never collected.", who=Who.TENANT, live=True
    )
    route: str = key("By which route a digest goes out.", who=Who.TENANT, live=True)
    items_max: Count = key(
        "So many are told in a digest; of the others it says how many.", who=Who.TENANT, live=True
    )


class RateRules(Rules):
    messages_max: Count = key(
        "So many messages one person is sent within the window; more wait.",
        who=Who.TENANT,
        live=True,
    )
    window_s: Seconds = key("The window.", who=Who.TENANT, live=True)
    except_severities: tuple[Severity, ...] = key(
        "What is as severe does not wait.", who=Who.TENANT, live=True
    )
    except_channels: tuple[Channel, ...] = key(
        "Channels that do not count.", who=Who.TENANT, live=True
    )


class SendingRules(Rules):
    valid_s: dict[Severity, Seconds] = key(
        "For how long a message is worth being sent, by severity; afterwards it is dead.",
        who=Who.TENANT,
        live=True,
    )
    tries_max: Count = key(
        "How often a channel is tried that did nothing; then comes the next one. The last one is "
        "tried until the message's time is over.",
        who=Who.TENANT,
        live=True,
    )
    retry_s_min: Seconds = key("The wait before the second try; it doubles.", live=True)
    retry_s_max: Seconds = key("The longest wait between two tries.", live=True)
    answer_s_max: Seconds = key(
        "An attempt whose worker noted no answer by then is looked at by another. Must be longer "
        "than a provider's deadline.",
        live=True,
    )
    chase_s: dict[Severity, Seconds] = key(
        "A delivery that nobody confirms within so many seconds counts as none, and the next "
        "channel is tried; of severities that are not named it is believed.",
        who=Who.TENANT,
        live=True,
    )
    unknown_moves_on: tuple[Severity, ...] = key(
        "What is as severe goes on to the next channel when an attempt got no answer; it may then "
        "come by both.",
        who=Who.TENANT,
        live=True,
    )
    waiting_max: Count = key(
        "Messages of a tenant that wait; beyond, what is not critical is kept as dead.",
        who=Who.OPERATOR,
        live=True,
    )
    recipients_max: Count = key("Persons whom one fact tells.", who=Who.OPERATOR, live=True)
    fact_age_s_max: Seconds = key(
        "Facts that are older when they are taken up tell nobody any more.",
        who=Who.TENANT,
        live=True,
    )


class TextRules(Rules):
    languages: tuple[Language, ...] = key(
        "In which languages messages are written; the first is for whoever chose none.",
        who=Who.TENANT,
        live=True,
    )
    time_zone: Zone = key("In which clocks of texts and hours are read.", who=Who.TENANT, live=True)
    source_chars_max: Count = key("The longest template.", who=Who.OPERATOR, live=True)
    text_chars_max: Count = key(
        "The longest text that is made from one; what is longer is cut.",
        who=Who.OPERATOR,
        live=True,
    )
    value_chars_max: Count = key(
        "The longest value that is put into a text.", who=Who.TENANT, live=True
    )
    sms_value_chars_max: Count = key(
        "The same of an SMS: operators refuse longer ones.", who=Who.TENANT, live=True
    )
    sms_parts_max: Count = key(
        "Parts of one SMS; a template that needs more cannot be saved.", who=Who.TENANT, live=True
    )
    console_url: Annotated[str, Field(pattern=r"^(https?://[^\s\"'<>]+[^/])?$")] = key(
        "Where the console is, for links in messages; empty: without links.",
        who=Who.OPERATOR,
        live=True,
    )


class NotifyingRules(Rules):
    tellings: tuple[Telling, ...] = key(
        "Which facts tell whom, by which routes.", who=Who.TENANT, live=True
    )
    calls_off: dict[FactType, tuple[Kind, ...]] = key(
        "A fact of this sort calls off what still waits about the same thing.",
        who=Who.TENANT,
        live=True,
    )
    routes: dict[str, Annotated[tuple[Channel, ...], Field(min_length=1)]] = key(
        "Channels in the order in which they are tried, by the route's name.",
        who=Who.TENANT,
        live=True,
    )
    always: tuple[Severity, ...] = key(
        "What is as severe cannot be switched off by preferences.", who=Who.TENANT, live=True
    )
    promotional: tuple[Kind, ...] = key(
        "Kinds of messages that need a consent that was given; all others one that was not taken "
        "back.",
        who=Who.TENANT,
        live=True,
    )
    stop_words: tuple[str, ...] = key(
        "Who answers with one of these is sent nothing more by that channel ...",
        who=Who.TENANT,
        live=True,
    )
    start_words: tuple[str, ...] = key(
        "... until an answer with one of these.", who=Who.TENANT, live=True
    )
    kept_days: Count = key(
        "For how long texts and addresses of messages that are over are kept.", live=True
    )
    quiet: QuietRules
    digest: DigestRules
    rate: RateRules
    sending: SendingRules
    texts: TextRules

    @model_validator(mode="after")
    def _routes_are_there(self) -> NotifyingRules:
        named = {route for telling in self.tellings for route in telling.routes}
        missing = sorted((named | {self.digest.route}) - self.routes.keys())
        if missing:
            raise ValueError(f"no route is called {missing[0]!r}")
        return self
