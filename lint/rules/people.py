"""Code that knows a customer by name, or decides by the name of a role."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lint.findings import Finding, Rule
from lint.literals import INNOCENT, named_values
from lint.module import Module
from lint.names import name_of, words

_PARTIES = frozenset(
    {
        *("tenant", "customer", "client", "account", "shipper", "carrier", "organisation"),
        *("organization", "org", "company", "merchant", "partner", "vendor"),
    }
)
_PARTIES_MANY = frozenset({*(f"{party}s" for party in _PARTIES), "companies"})
_IDENTITIES = frozenset({"id", "key", "name", "slug", "code", "uuid"})
_ROLES = frozenset({"role", "roles"})
_ROLE_CALLS = frozenset(
    {"has_role", "hasRole", "require_role", "requires_role", "in_role", "is_in_role", "role_is"}
)
_ROLE_ENUM = "Role"


def _is_party(name: str) -> bool:
    said = words(name)
    if said and said[-1] in _IDENTITIES:
        return len(said) > 1 and said[-2] in _PARTIES
    return bool(said) and said[-1] in _PARTIES


def _is_role(name: str) -> bool:
    said = words(name)
    if len(said) > 1 and said[-1] in {"name", "id"}:
        said = said[:-1]
    return bool(said) and said[-1] in _ROLES


def _names_someone(value: ast.expr) -> bool:
    """A literal that is somebody's name or number; "", "*" and 0 name nobody."""
    if isinstance(value, ast.Tuple | ast.List | ast.Set):
        return any(_names_someone(element) for element in value.elts)
    if not isinstance(value, ast.Constant):
        return False
    if isinstance(value.value, str):
        return any(letter.isalnum() for letter in value.value)
    number = isinstance(value.value, int) and not isinstance(value.value, bool)
    return number and value.value not in INNOCENT


def _comparisons(module: Module) -> Iterator[tuple[ast.AST, str, ast.expr]]:
    """Node, name of the one side and the other side of every test for being the same."""
    for node in module.nodes:
        match node:
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                if isinstance(operator, ast.Eq | ast.NotEq | ast.In | ast.NotIn):
                    yield node, name_of(left), right
                    yield node, name_of(right), left
            case ast.Match(subject=subject, cases=cases):
                patterns = [inner for case in cases for inner in ast.walk(case.pattern)]
                for inner in patterns:
                    if isinstance(inner, ast.MatchValue):
                        yield inner, name_of(subject), inner.value
            case ast.Call(func=ast.Attribute(value=subject, attr=called), args=[first, *_]):
                if called in {"startswith", "endswith"}:
                    yield node, name_of(subject), first


def known_parties(module: Module) -> Iterator[Finding]:
    """`if tenant == "acme"`, `customer_id in (17, 23)`, `RATES_BY_TENANT = {"acme": ...}`."""
    for node, name, other in _comparisons(module):
        if _is_party(name) and _names_someone(other):
            says = f"{_one_line(node)} knows somebody by name"
            yield Finding(module.path, _line(node), Rule.TENANT, says)
    for named in named_values(module):
        said = set(words(named.name))
        if not said & (_PARTIES | _PARTIES_MANY):
            continue
        listed = _PARTIES_MANY & said or {"by", "per"} & said
        if listed and _lists_names(named.value):
            says = f"{named.name} lists somebody by name"
            yield Finding(module.path, named.value.lineno, Rule.TENANT, says)


def _lists_names(value: ast.expr) -> bool:
    if isinstance(value, ast.Call) and value.args:
        return _lists_names(value.args[0])
    if isinstance(value, ast.Dict):
        keys = [key for key in value.keys if isinstance(key, ast.Constant)]
        return any(_names_someone(key) for key in keys)
    if isinstance(value, ast.Tuple | ast.List | ast.Set):
        return any(
            isinstance(element, ast.Constant) and _names_someone(element) for element in value.elts
        )
    return False


def known_roles(module: Module) -> Iterator[Finding]:
    """`if user.role == "admin"`, `"finance" in roles`, `has_role("admin")`, `Role.ADMIN in ...`."""
    for node, name, other in _comparisons(module):
        if (_is_role(name) and _names_someone(other)) or _is_role_member(other):
            says = f"{_one_line(node)} decides by a role's name"
            yield Finding(module.path, _line(node), Rule.ROLE, says)
    for call, called in module.calls():
        if called in _ROLE_CALLS and any(_names_someone(argument) for argument in call.args):
            says = f"{_one_line(call)} decides by a role's name"
            yield Finding(module.path, call.lineno, Rule.ROLE, says)


def _is_role_member(value: ast.expr) -> bool:
    if isinstance(value, ast.Tuple | ast.List | ast.Set):
        return any(_is_role_member(element) for element in value.elts)
    return (
        isinstance(value, ast.Attribute)
        and isinstance(value.value, ast.Name)
        and value.value.id == _ROLE_ENUM
    )


def _one_line(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())


def _line(node: ast.AST) -> int:
    return node.lineno if isinstance(node, ast.expr | ast.pattern) else 1
