"""What the code says of the world around it: environment, hosts, ports, countries, people."""

from __future__ import annotations

import ast
import ipaddress
import re
from collections.abc import Iterator

from lint.findings import Finding, Rule
from lint.literals import named_values
from lint.module import Module
from lint.names import name_of, words

OUR_ENVIRONMENT = frozenset(
    {"SERVICE_NAME", "ENVIRONMENT", "CONFIG_SERVICE_URL", "AWS_REGION", "LOG_LEVEL"}
)
_READS_ALL = frozenset({"load_dotenv", "dotenv_values", "BaseSettings"})


def environment_reads(module: Module) -> Iterator[Finding]:
    """`os.environ["DB_HOST"]`, `getenv("PORT", "80")`, `class Settings(BaseSettings)`."""
    for node in module.nodes:
        if isinstance(node, ast.alias) and node.name in {"environ", "getenv", "environb"}:
            line = node.lineno
            says = f"import os and say os.{node.name}: here nobody sees which variable is read"
            yield Finding(module.path, line, Rule.ENVIRONMENT, says)
        elif isinstance(node, ast.Name) and node.id in _READS_ALL:
            says = f"{node.id} reads whatever the environment holds"
            yield Finding(module.path, node.lineno, Rule.ENVIRONMENT, says)
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in {
            *("os.environ", "os.getenv", "os.environb", "os.getenvb"),
        }:
            names = _variables(module, node)
            for name in sorted(names - OUR_ENVIRONMENT):
                says = f"environment variable {name or '(any)'} is read"
                yield Finding(module.path, node.lineno, Rule.ENVIRONMENT, says)


def _variables(module: Module, node: ast.Attribute) -> set[str]:
    """Names read here; "" for one that is not written out; nothing where one is only set."""
    parent = module.parents.get(id(node))
    key: ast.expr | None = None
    if isinstance(parent, ast.Subscript):
        if not isinstance(parent.ctx, ast.Load):
            return set()
        key = parent.slice
    elif isinstance(parent, ast.Call) and parent.func is node and parent.args:
        key = parent.args[0]
    elif isinstance(parent, ast.Attribute):
        call = module.parents.get(id(parent))
        if parent.attr in {"setdefault", "update"}:
            return set()
        key = call.args[0] if isinstance(call, ast.Call) and call.args else None
    elif isinstance(parent, ast.Compare):
        key = parent.left
    named = isinstance(key, ast.Constant) and isinstance(key.value, str)
    return {str(key.value)} if named and isinstance(key, ast.Constant) else {""}


_URL = re.compile(
    r"\b(?:https?|wss?|ftp|mqtts?|amqps?|rediss?|postgres(?:ql)?|mysql|mongodb|nats|kafka|smtp)://"
    r"(\[[0-9a-f:]+\]|[\w.-]+)",
    re.IGNORECASE,
)
_HOST = re.compile(r"(?:[a-z0-9-]+\.)+(?:com|net|org|io|in|dev|cloud|local|internal|lan|aws)")
_HOST_AND_PORT = re.compile(r"((?:[\w-]+\.)*[\w-]+):\d{2,5}")
_HOST_NAMES = frozenset({"host", "hostname", "server", "endpoint", "broker", "domain", "address"})
# Names of vocabularies, which nobody connects to, and hosts that are reserved for examples.
_VOCABULARIES = re.compile(
    r"(?:^|\.)(?:w3\.org|json-schema\.org|schemas?\.[\w.]+|opengis\.net|topografix\.com"
    r"|rfc-editor\.org|ietf\.org|iana\.org|cloudevents\.io|example|example\.(?:com|org|net|in)"
    r"|invalid|test)$"
)
# fixed: the names of loopback itself, which this rule recognises
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})


def addresses(module: Module) -> Iterator[Finding]:
    """`"10.0.0.7"`, `"https://api.bank.in/v2"`, `host="db.internal"`; ports are numbers."""
    hosts = {
        id(named.value)
        for named in named_values(module)
        if words(named.name) and words(named.name)[-1] in _HOST_NAMES
    }
    for node in module.strings():
        if id(node) in module.enumerated:
            continue
        host = _host_in(str(node.value), named_so=id(node) in hosts)
        if host and not _VOCABULARIES.search(host):
            near = host in _LOOPBACK
            yield Finding(module.path, node.lineno, Rule.ADDRESS, f"{host} is given", softer=near)


def _host_in(text: str, *, named_so: bool) -> str:
    found = _URL.search(text)
    if found:
        return found.group(1).lower()
    if text in _LOOPBACK or _is_ip(text):
        return text
    if named_so and (_HOST.fullmatch(text) or _HOST_AND_PORT.fullmatch(text)):
        return text
    both = _HOST_AND_PORT.fullmatch(text)
    if both and (_is_ip(both.group(1)) or both.group(1) in _LOOPBACK or "." in both.group(1)):
        return both.group(1)
    return ""


def _is_ip(text: str) -> bool:
    if (text.count(".") != 3 and text.count(":") < 2) or not any(map(str.isalnum, text)):
        return False
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


_CODE = re.compile(r"[A-Z]{2,3}|[A-Z][A-Za-z]+/[A-Z]\w+|[a-z]{2}[_-][A-Z]{2}|\+?\d{1,3}")
_CODED = frozenset({"currency", "country", "timezone", "tz", "locale"})
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"\+\d{10,14}")


def business_texts(module: Module) -> Iterator[Finding]:
    """`currency = "INR"`, `ZoneInfo("Asia/Kolkata")`, `"support@..."`, `"+919812345678"`."""
    for named in named_values(module):
        if _is_coded(named.name, named.value):
            says = f"{named.name} = {ast.unparse(named.value)} is the same for every tenant"
            yield Finding(module.path, named.value.lineno, Rule.TEXT, says)
    for node in module.nodes:
        match node:
            case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]):
                if _is_coded(name_of(left), right):
                    says = f"{ast.unparse(node)} is a rule of one country"
                    yield Finding(module.path, node.lineno, Rule.TEXT, says)
            case ast.Call(func=called, args=[ast.Constant(value=str(zone)), *_]):
                if name_of(called).endswith("ZoneInfo") and zone != "UTC":
                    says = f"ZoneInfo({zone!r}) is the same for every tenant"
                    yield Finding(module.path, node.lineno, Rule.TEXT, says)
    for constant in module.strings():
        text = str(constant.value)
        mail = _MAIL.fullmatch(text)
        if (mail and not _VOCABULARIES.search(text.partition("@")[2])) or _PHONE.fullmatch(text):
            says = f"{text} is somebody's address"
            yield Finding(module.path, constant.lineno, Rule.TEXT, says)


def _is_coded(name: str, value: ast.expr) -> bool:
    said = words(name)
    if not said or said[-1] not in _CODED or not isinstance(value, ast.Constant):
        return False
    text = value.value
    return isinstance(text, str) and text != "UTC" and _CODE.fullmatch(text) is not None
