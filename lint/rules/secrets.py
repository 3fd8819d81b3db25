"""Passwords, keys, tokens, private keys, addresses that carry a password, random-looking text."""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from lint.findings import Finding, Rule
from lint.literals import Named, named_values
from lint.module import Module
from lint.names import name_of, words

_SECRET_WORDS = frozenset(
    {
        *("password", "passwords", "passwd", "pwd", "secret", "secrets", "token", "tokens"),
        *("passphrase", "credential", "credentials", "apikey", "pin", "dsn"),
    }
)
_KEYS = frozenset({"api", "access", "private", "secret", "signing", "encryption", "auth", "master"})
_MAY_FOLLOW = frozenset({"default", "value", "demo", "dev", "prod", "test", "old", "new"})
_PLACEHOLDER = re.compile(r"[<{$*.…]|^x+$|^secret://|^(?:env|file|vault):", re.IGNORECASE)
_SENTENCE = re.compile(r"\s")


def _is_secret(name: str) -> bool:
    said = list(words(name))
    while said and said[-1] in _MAY_FOLLOW:
        said.pop()
    if not said:
        return False
    if said[-1] in {"key", "keys"}:
        return len(said) > 1 and said[-2] in _KEYS
    return said[-1] in _SECRET_WORDS


def _is_secret_text(value: ast.expr, name: str) -> bool:
    if not isinstance(value, ast.Constant) or not isinstance(value.value, str | bytes):
        return False
    text = value.value if isinstance(value.value, str) else value.value.decode("latin-1")
    if not any(letter.isalnum() for letter in text) or _PLACEHOLDER.search(text):
        return False
    if _SENTENCE.search(text):
        return False
    # Parsers have tokens too: words and signs of a language are short and without digits.
    if words(name)[-1] in {"token", "tokens"}:
        return len(text) >= 8 and any(letter.isdigit() for letter in text)  # fixed: see above
    return True


def named_secrets(module: Module) -> Iterator[Finding]:
    """`PASSWORD = "hunter2"`, `connect(password="...")`, `if key == "..."`."""
    for named in named_values(module):
        if not _is_secret(named.name) or not _is_secret_text(named.value, named.name):
            continue
        if _is_label(named):
            continue
        says = f"{named.name} is given in the code"
        yield Finding(module.path, named.value.lineno, Rule.SECRET, says)
    for node in module.nodes:
        match node:
            case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]):
                yield from _compared(module, node, left, right)
                yield from _compared(module, node, right, left)


def _is_label(named: Named) -> bool:
    """`CLIENT_CREDENTIALS = "client_credentials"`, `{"password": "password_hash"}`: only words."""
    text = str(named.value.value) if isinstance(named.value, ast.Constant) else ""
    if named.in_mapping:
        return set(words(named.name)) <= set(words(text))
    return words(text) == words(named.name) and len(words(text)) > 1


def _compared(
    module: Module, node: ast.Compare, subject: ast.expr, value: ast.expr
) -> Iterator[Finding]:
    name = name_of(subject)
    if _is_secret(name) and _is_secret_text(value, name):
        says = f"{name} is compared with a secret in the code"
        yield Finding(module.path, node.lineno, Rule.SECRET, says)


_PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s*[A-Za-z0-9+/=]{8}")
_KNOWN_TOKENS = re.compile(
    r"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}|sk_(?:live|test)_[A-Za-z0-9]{10,}"
    r"|rzp_(?:live|test)_[A-Za-z0-9]{10,}|xox[abprs]-[A-Za-z0-9-]{10,}|AIza[\w-]{30,}"
    r"|glpat-[\w-]{16,}|hvs\.[\w-]{16,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{8,})"
)
# The password, not a place for one: f-strings leave nothing here, templates leave brackets.
_URL_WITH_PASSWORD = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s:@/{<]*:([^\s@/{<$]+)@", re.IGNORECASE)
_DSN_WITH_PASSWORD = re.compile(
    r"(?:^|[\s;])(?:password|pwd)\s*=\s*([^\s;{<$']+)(?=[\s;]|$)", re.IGNORECASE
)
_OTHER_PART = re.compile(r"\b(?:host|server|user|uid|dbname|database)\s*=", re.IGNORECASE)


def recognised_secrets(module: Module) -> Iterator[Finding]:
    """Private keys, tokens of known services and connection strings, in prose too."""
    for node in module.nodes:
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str | bytes):
            continue
        raw = node.value
        text = raw if isinstance(raw, str) else raw.decode("latin-1")
        says = _recognised(text)
        if says:
            yield Finding(module.path, node.lineno, Rule.SECRET, says)


def _recognised(text: str) -> str:
    if _PRIVATE_KEY.search(text):
        return "a private key is given in the code"
    if _KNOWN_TOKENS.search(text):
        return "a token of a known service is given in the code"
    if _URL_WITH_PASSWORD.search(text):
        return "an address with a password in it is given in the code"
    if _DSN_WITH_PASSWORD.search(text) and _OTHER_PART.search(text):
        return "a connection string with a password is given in the code"
    return ""


_RUN = re.compile(r"[A-Za-z0-9+/_=-]{24,}")
_HEX = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DIGESTS = frozenset({"sha", "sha256", "hash", "checksum", "digest", "integrity", "fingerprint"})
# Where English identifiers and paths end and random text begins.
_BITS_BASE64, _BITS_HEX = 4.0, 3.0
_SPELT_SHARE = 0.5


def random_looking(module: Module) -> Iterator[Finding]:
    """A long string without words in it is a key more often than anything else."""
    for node in module.strings():
        text = str(node.value)
        if id(node) in module.enumerated or _SENTENCE.search(text):
            continue
        if any(_looks_random(run) for run in _RUN.findall(text)) and not _is_digest(module, node):
            says = f"{text[:6]}... ({len(text)} characters) looks like a key"
            yield Finding(module.path, node.lineno, Rule.ENTROPY, says)


def _looks_random(run: str) -> bool:
    if _UUID.fullmatch(run):
        return False
    steps = [ord(after) - ord(before) for before, after in pairwise(run)]
    if sum(step in {0, 1} for step in steps) > _SPELT_SHARE * len(steps):
        return False  # an alphabet, or one letter many times
    if _HEX.fullmatch(run):
        return _bits(run) > _BITS_HEX
    kinds = (str.isupper, str.islower, str.isdigit)
    mixed = all(any(kind(letter) for letter in run) for kind in kinds)
    return mixed and _bits(run) > _BITS_BASE64


def _bits(text: str) -> float:
    """Shannon's entropy, in bits a character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def _is_digest(module: Module, node: ast.Constant) -> bool:
    statement = module.statement_of(node)
    names = {
        word
        for inner in ast.walk(statement or node)
        if isinstance(inner, ast.Name | ast.Attribute)
        for word in words(inner.id if isinstance(inner, ast.Name) else inner.attr)
    }
    return bool(names & _DIGESTS)
