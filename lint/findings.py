"""What the lint can find: every rule with its severity and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


class Rule(StrEnum):
    RATE = "rate"
    TIME = "time"
    LIMIT = "limit"
    THRESHOLD = "threshold"
    TENANT = "tenant"
    ROLE = "role"
    SECRET = "secret"  # noqa: S105 - a rule's name
    ENTROPY = "entropy"
    ENVIRONMENT = "environment"
    ADDRESS = "address"
    TEXT = "text"
    ESCAPE = "escape"
    SYNTAX = "syntax"


@dataclass(frozen=True)
class About:
    severity: Severity
    finds: str
    what_to_do: str


_TO_THE_TREE = "make it a key of the configuration tree and read it from the policy"

ABOUT: dict[Rule, About] = {
    Rule.RATE: About(
        Severity.ERROR,
        "rates, taxes, fees, prices and percentages",
        f"{_TO_THE_TREE}; what the law sets becomes a dated row",
    ),
    Rule.TIME: About(Severity.ERROR, "time-outs, delays, intervals, retry counts", _TO_THE_TREE),
    Rule.LIMIT: About(Severity.ERROR, "limits, sizes and quotas", _TO_THE_TREE),
    Rule.THRESHOLD: About(Severity.ERROR, "comparisons with a bare number", _TO_THE_TREE),
    Rule.TENANT: About(
        Severity.ERROR,
        "code that knows a tenant or customer by name",
        "make the difference a key or a flag and set it for that tenant",
    ),
    Rule.ROLE: About(
        Severity.ERROR,
        "role names asked for outside the permission system",
        "ask for a permission; which role has it is the tenant's to decide",
    ),
    Rule.SECRET: About(
        Severity.ERROR,
        "passwords, keys, tokens, and addresses that carry them",
        "remove it, rotate it, and put a secret://... reference into the tree",
    ),
    Rule.ENTROPY: About(
        Severity.WARNING,
        "strings as random as a key",
        "if it is a secret: remove it, rotate it, refer to it by secret://...",
    ),
    Rule.ENVIRONMENT: About(
        Severity.ERROR,
        "environment variables that are not one of the five",
        _TO_THE_TREE,
    ),
    Rule.ADDRESS: About(
        Severity.ERROR,
        "hosts, IP addresses, ports and URLs of servers",
        "take it from the installation file or from an integration key",
    ),
    Rule.TEXT: About(
        Severity.WARNING,
        "currencies, countries, time zones, e-mail addresses, phone numbers",
        _TO_THE_TREE,
    ),
    Rule.ESCAPE: About(
        Severity.ERROR,
        "escapes without a reason, or that excuse nothing",
        "say why the value can never be a setting, or remove the escape",
    ),
    Rule.SYNTAX: About(Severity.ERROR, "files that are not Python", "mend the file"),
}


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    rule: Rule
    says: str
    # A value on loopback is worth less alarm than one in the world.
    softer: bool = False

    @property
    def severity(self) -> Severity:
        return Severity.WARNING if self.softer else ABOUT[self.rule].severity

    @property
    def what_to_do(self) -> str:
        return ABOUT[self.rule].what_to_do

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}"
        return f"{where}: {self.severity} [{self.rule}] {self.says}; {self.what_to_do}"
