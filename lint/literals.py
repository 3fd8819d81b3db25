"""Literal values and the names they are given, wherever Python lets one give a value a name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from lint.module import Module
from lint.names import name_of

# Numbers that say "none", "one", "both", "the last": they carry no business.
INNOCENT = frozenset({0, 1, 2, -1, -2})
_NUMBER_WITH_UNIT = re.compile(r"\d+(?:\.\d+)?\s*(?:ms|s|m|h|d|%|[kmg]i?b)?", re.IGNORECASE)
_MAKES_NUMBERS = frozenset({"range", "float", "int", "Decimal", "decimal Decimal"})
_PLAIN_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
# What a schema says about its fields is its published contract; the field's default is not.
_SCHEMA_CALLS = frozenset(
    {
        *("Field", "Query", "Path", "Header", "Form", "Body", "Cookie", "StringConstraints"),
        *("Meta", "conint", "constr", "confloat", "Interval", "Len", "MinLen", "MaxLen"),
    }
)
_SCHEMA_WORDS = frozenset(
    {
        *("gt", "ge", "lt", "le", "min_length", "max_length", "multiple_of", "max_digits"),
        *("examples", "decimal_places"),
    }
)


@dataclass(frozen=True)
class Named:
    """A value and the name it is given."""

    name: str
    value: ast.expr
    in_mapping: bool = False


def numbers_in(module: Module, value: ast.expr) -> Iterator[float]:
    """The numbers that a value is made of, when it is made of literals only."""
    match value:
        case ast.Constant(value=int() | float() as number):
            if not isinstance(number, bool) and not _in_bits(module, value):
                yield number
        case ast.UnaryOp(op=operator, operand=operand):
            sign = -1 if isinstance(operator, ast.USub) else 1
            yield from (sign * number for number in numbers_in(module, operand))
        case _:
            for part in _parts(value):
                yield from numbers_in(module, part)


def _in_bits(module: Module, value: ast.expr) -> bool:
    """0x40 is a thought about bits, 64 is one about how many."""
    return module.written(value).lower().startswith(("0x", "0b", "0o"))


def _parts(value: ast.expr) -> list[ast.expr]:
    match value:
        case ast.BinOp(left=left, right=right) if _all_literal(value):
            return [left, right]
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            return elements
        case ast.Call(func=called, args=arguments) if name_of(called) in _MAKES_NUMBERS:
            return [_as_number(argument) for argument in arguments]
        case ast.BoolOp(values=[*_, last]):
            return [last]
        case ast.IfExp(body=left, orelse=right):
            return [left, right]
    return []


def _as_number(value: ast.expr) -> ast.expr:
    """Decimal("0.18") is 0.18."""
    match value:
        case ast.Constant(value=str(text)) if _PLAIN_NUMBER.fullmatch(text):
            return ast.copy_location(ast.Constant(float(text)), value)
    return value


def _all_literal(value: ast.expr) -> bool:
    return all(
        isinstance(node, ast.Constant | ast.BinOp | ast.UnaryOp | ast.operator | ast.unaryop)
        for node in ast.walk(value)
    )


def settles(module: Module, value: ast.expr) -> bool:
    """Whether a value is a number that somebody may want to change."""
    return any(number not in INNOCENT for number in numbers_in(module, value))


def is_measure(value: ast.expr) -> bool:
    """`"30s"`, `"5 %"`: a number that was written as text."""
    return (
        isinstance(value, ast.Constant)
        and isinstance(value.value, str)
        and _NUMBER_WITH_UNIT.fullmatch(value.value) is not None
        and not value.value.isdigit()
    )


def named_values(module: Module) -> Iterator[Named]:
    for node in module.nodes:
        if id(node) not in module.enumerated:
            yield from _named_at(node)


def _named_at(node: ast.AST) -> Iterator[Named]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _assigned(target, value)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield from _assigned(target, value)
        case ast.NamedExpr():
            yield from _assigned(node.target, node.value)
        case ast.Call():
            yield from _given(node)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            yield from _defaults(node.args)
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield Named(key.value, value, in_mapping=True)


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[Named]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, its in zip(target.elts, value.elts, strict=False):
            yield from _assigned(one, its)
        return
    name = name_of(target)
    yield Named(name, value)
    for inner in _behind(value):
        yield Named(name, inner)


def _behind(value: ast.expr) -> Iterator[ast.expr]:
    """A literal that speaks up when something else is silent."""
    if isinstance(value, ast.Call):
        called = name_of(value.func)
        last = called.rpartition(" ")[2]
        if last in _SCHEMA_CALLS and value.args:
            yield value.args[0]
        if last in _SCHEMA_CALLS | {"field"}:
            yield from (word.value for word in value.keywords if word.arg == "default")
        if last in {"SecretStr", "SecretBytes"} and value.args:
            yield value.args[0]


def _given(call: ast.Call) -> Iterator[Named]:
    called = name_of(call.func).rpartition(" ")[2]
    for keyword in call.keywords:
        schema = called in _SCHEMA_CALLS and keyword.arg in _SCHEMA_WORDS
        if keyword.arg and not schema:
            yield Named(keyword.arg, keyword.value)
    # `settings.get("timeout", 30)`, `getattr(settings, "timeout", 30)`, `setdefault`
    if called in {"get", "getattr", "setdefault", "pop", "getenv"}:
        match call.args:
            case [*_, ast.Constant(value=str(key)), last]:
                yield Named(key, last)


def _defaults(arguments: ast.arguments) -> Iterator[Named]:
    positional = [*arguments.posonlyargs, *arguments.args]
    with_default = positional[len(positional) - len(arguments.defaults) :]
    pairs = [
        *zip(with_default, arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    for argument, default in pairs:
        if default is not None:
            yield Named(argument.arg, default)
            for inner in _behind(default):
                yield Named(argument.arg, inner)
