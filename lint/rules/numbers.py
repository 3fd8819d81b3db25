"""Numbers that an operator would tune: rates, times, limits, thresholds, ports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from lint.findings import Finding, Rule
from lint.literals import is_measure, named_values, numbers_in, settles
from lint.module import Module
from lint.names import is_constant_of_nature, kind_of_number, name_of, words

_SAYS = {
    Rule.RATE: "a rate, fee or price",
    Rule.TIME: "a time or a count of attempts",
    Rule.LIMIT: "a limit or size",
    Rule.ADDRESS: "a port",
}


def named_numbers(module: Module) -> Iterator[Finding]:
    """`GST_RATE = 0.18`, `connect(timeout=30)`, `def f(retries=3)`, `{"page_size": 50}`."""
    for named in named_values(module):
        kind = kind_of_number(named.name)
        if kind is None or is_constant_of_nature(named.name):
            continue
        if settles(module, named.value) or is_measure(named.value):
            says = f"{named.name} = {_short(named.value)} is {_SAYS[kind]}"
            yield Finding(module.path, named.value.lineno, kind, says)


def _short(value: ast.expr) -> str:
    text = ast.unparse(value)
    return text if len(text) <= 40 else f"{text[:37]}..."  # fixed: fits a line of a terminal


# What is called -> which of its arguments is a time or a limit; -1 is the last of several.
_TIMED = {"sleep": 0, "settimeout": 0, "timeout": 0, "wait_for": 1, "expire": 1, "call_later": 0}
_LIMITED = {
    **dict.fromkeys(("Semaphore", "BoundedSemaphore", "Queue", "LifoQueue"), 0),
    **dict.fromkeys(("ThreadPoolExecutor", "ProcessPoolExecutor", "lru_cache"), 0),
}


def numbers_given_to_calls(module: Module) -> Iterator[Finding]:
    """`sleep(5)`, `wait_for(task, 30)`, `Semaphore(10)`, `min(asked, 500)`."""
    for call, called in module.calls():
        for table, kind in ((_TIMED, Rule.TIME), (_LIMITED, Rule.LIMIT)):
            at = table.get(called)
            if at is not None and at < len(call.args) and settles(module, call.args[at]):
                says = f"{called}({_short(call.args[at])}) fixes {_SAYS[kind]}"
                yield Finding(module.path, call.lineno, kind, says)
        if called in {"min", "max"} and isinstance(call.func, ast.Name) and len(call.args) > 1:
            for argument in call.args:
                number = _bare_number(module, argument)
                if number is not None and not any(_is_natural(a, number) for a in call.args):
                    says = f"{called}(..., {_short(argument)}) fixes a limit"
                    yield Finding(module.path, call.lineno, Rule.LIMIT, says)


def counted_attempts(module: Module) -> Iterator[Finding]:
    """`for attempt in range(5): try: ...` decides how often to try."""
    for node in module.nodes:
        if not isinstance(node, ast.For | ast.AsyncFor) or not isinstance(node.iter, ast.Call):
            continue
        if name_of(node.iter.func) != "range" or not settles(module, node.iter):
            continue
        tries = any(isinstance(inner, ast.Try) for inner in node.body)
        if tries or kind_of_number(name_of(node.target)) is Rule.TIME:
            says = f"{_short(node.iter)} fixes how often something is tried"
            yield Finding(module.path, node.lineno, Rule.TIME, says)


_QUARTERS = frozenset({90.0, 180.0, 270.0, 360.0})
# Limits that geometry, calendars, hundredths or a protocol's statuses set, by a word of the name.
_NATURAL_BOUNDS: dict[str, frozenset[float]] = {
    **dict.fromkeys(("lat", "latitude", "south", "north"), frozenset({90.0})),
    **dict.fromkeys(("lon", "lng", "longitude", "east", "west"), frozenset({180.0, 360.0})),
    **dict.fromkeys(("heading", "deg", "degrees", "bearing", "angle"), _QUARTERS),
    **dict.fromkeys(("pct", "percent", "percentage"), frozenset({100.0})),
    **dict.fromkeys(("hour", "hours"), frozenset({12.0, 23.0, 24.0})),
    **dict.fromkeys(("minute", "second", "minutes", "seconds"), frozenset({59.0, 60.0})),
    **dict.fromkeys(("weekday", "dow"), frozenset({5.0, 6.0, 7.0})),
    **dict.fromkeys(("month",), frozenset({12.0})),
    **dict.fromkeys(("status", "code"), frozenset(map(float, range(100, 600)))),
}
# The edges of bytes and words.
_MACHINE_BOUNDS = frozenset({127, 128, 255, 256, 65535, 65536})
_SHAPE_PARTS_MAX = 4  # fixed: so many parts a pair, triple or ring has


def compared_numbers(module: Module) -> Iterator[Finding]:
    """`if weight > 5000` decides something that somebody will want to decide otherwise."""
    for node in module.nodes:
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        for operator, (left, right) in zip(node.ops, pairwise(sides), strict=True):
            if not isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE):
                continue
            for subject, value in ((left, right), (right, left)):
                number = _bare_number(module, value)
                if number is not None and not _is_natural(subject, number):
                    says = f"{_short(node)} compares with a bare number"
                    yield Finding(module.path, node.lineno, Rule.THRESHOLD, says)


def _bare_number(module: Module, value: ast.expr) -> float | None:
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Pow):
        return None  # 2**63: the edge of a machine word
    if isinstance(value, ast.Constant | ast.UnaryOp | ast.BinOp) and settles(module, value):
        numbers = list(numbers_in(module, value))
        return numbers[0] if len(numbers) == 1 else float("nan")
    return None


def _is_natural(subject: ast.expr, number: float) -> bool:
    said = set(words(name_of(subject)))
    if any(abs(number) in _NATURAL_BOUNDS.get(word, ()) for word in said):
        return True
    if isinstance(subject, ast.Call) and name_of(subject.func) == "len":
        return number <= _SHAPE_PARTS_MAX
    if isinstance(subject, ast.Attribute) and subject.attr in {"ndim", "size"}:
        return number <= _SHAPE_PARTS_MAX
    return number in _MACHINE_BOUNDS


def money_times_number(module: Module) -> Iterator[Finding]:
    """`fare * 0.18` and `amount + 500`: a rate or fee without even a name."""
    for node in module.nodes:
        if not isinstance(node, ast.BinOp):
            continue
        for subject, value in ((node.left, node.right), (node.right, node.left)):
            if not isinstance(value, ast.Constant) or not settles(module, value):
                continue
            about = name_of(subject)
            if kind_of_number(about) is Rule.RATE and not _is_scale(module, node.op, value):
                says = f"{_short(node)} has a rate or fee in it"
                yield Finding(module.path, node.lineno, Rule.RATE, says)


def _is_scale(module: Module, operator: ast.operator, value: ast.expr) -> bool:
    """Hundredths, thousandths: changing the unit of money, not its amount."""
    scales = {100.0, 1000.0, 10_000.0, 1_000_000.0, 10.0}
    product = ast.Mult | ast.Div | ast.FloorDiv | ast.Mod | ast.Pow
    return isinstance(operator, product) and set(numbers_in(module, value)) <= scales
