"""The inline escape `# fixed: <reason>`: what it covers, and when it is itself a finding."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lint.findings import Finding, Rule
from lint.module import Module

_ESCAPE = re.compile(r"#\s*fixed\b(?::\s*(.*))?")
# A reason is a thought, not a mark: at least two words.
_REASON = re.compile(r"\w\S*\s+\S*\w")


@dataclass(frozen=True)
class Escape:
    line: int
    covers: range
    reason: str


def escapes(module: Module) -> list[Escape]:
    """At the end of a line it covers that line's statement, alone on a line the next one."""
    spans = sorted(_spans(module), key=len)
    found = []
    for line, alone, text in module.comments:
        said = _ESCAPE.search(text)
        if said:
            at = _next_code_line(module, line) if alone else line
            covers = next((span for span in spans if at in span), range(at, at + 1))
            found.append(Escape(line, covers, (said.group(1) or "").strip()))
    return found


def _spans(module: Module) -> Iterator[range]:
    """Lines of each statement; of one that holds others, only those before the first of them."""
    for node in module.nodes:
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            last = node.end_lineno or node.lineno
            if isinstance(body, list) and body:
                last = max(node.lineno, body[0].lineno - 1)
            yield range(node.lineno, last + 1)
        elif isinstance(node, ast.match_case):
            yield range(node.pattern.lineno, node.pattern.lineno + 1)


def _next_code_line(module: Module, line: int) -> int:
    lines = module.text.splitlines()
    while line < len(lines):
        text = lines[line].strip()
        line += 1
        if text and not text.startswith("#"):
            return line
    return line


def excuse(module: Module, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings that nobody excuses, and the excuses that are none."""
    known = escapes(module)
    used = set()
    for finding in findings:
        excuses = [escape for escape in known if finding.line in escape.covers]
        used |= {escape.line for escape in excuses}
        if not any(_REASON.search(escape.reason) for escape in excuses):
            yield finding
    for escape in known:
        if not _REASON.search(escape.reason):
            yield Finding(module.path, escape.line, Rule.ESCAPE, "this escape gives no reason")
        elif escape.line not in used:
            yield Finding(module.path, escape.line, Rule.ESCAPE, "this escape excuses nothing")
