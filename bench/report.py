"""What a benchmark hands over: a table on the screen and the same figures as JSON."""

from __future__ import annotations

import dataclasses
import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil


@dataclasses.dataclass(frozen=True)
class Row:
    """One figure, the floor it was measured against in the same run, and what is asked of it."""

    name: str
    value: float
    floor: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    ratio_at_least: float | None = None
    ratio_at_most: float | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.floor if self.floor else None

    @property
    def asked(self) -> str:
        """The requirement in words a table has room for."""
        wants = (
            (">=", self.at_least, ""),
            ("<=", self.at_most, ""),
            (">=", self.ratio_at_least, "x"),
            ("<=", self.ratio_at_most, "x"),
        )
        return ", ".join(
            f"{sign} {number(bound)}{x}" for sign, bound, x in wants if bound is not None
        )

    @property
    def met(self) -> bool:
        ratio = self.ratio
        return not (
            (self.at_least is not None and self.value < self.at_least)
            or (self.at_most is not None and self.value > self.at_most)
            or (self.ratio_at_least is not None and (ratio is None or ratio < self.ratio_at_least))
            or (self.ratio_at_most is not None and (ratio is None or ratio > self.ratio_at_most))
        )


@dataclasses.dataclass
class Report:
    """The figures of one run of one benchmark."""

    name: str
    rows: list[Row] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)

    def add(self, name: str, value: float, **bounds: float | None) -> None:
        self.rows.append(Row(name, value, **bounds))

    def note(self, text: str) -> None:
        self.notes.append(text)

    @property
    def met(self) -> bool:
        return all(row.met for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "machine": machine(),
            "figures": {row.name: row.value for row in self.rows},
            "floor": {row.name: row.floor for row in self.rows if row.floor is not None},
            "ratio": {row.name: row.ratio for row in self.rows if row.ratio is not None},
            "required": {row.name: row.asked for row in self.rows if row.asked},
            "missed": [row.name for row in self.rows if not row.met],
            "notes": self.notes,
        }

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.as_json(), indent=2) + "\n")

    def show(self) -> None:
        cells = [
            (
                row.name,
                number(row.value),
                number(row.floor),
                number(row.ratio),
                row.asked,
                "" if not row.asked else "yes" if row.met else "MISSED",
            )
            for row in self.rows
        ]
        print(f"\nbench {self.name} on {machine_line()}\n")
        print(table(("figure", "value", "floor", "ratio", "required", "met"), cells))
        for text in self.notes:
            print(f"  {text}")
        print(flush=True)


def number(value: float | None) -> str:
    if value is None:
        return ""
    if float(value).is_integer() or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Columns as wide as their widest cell; the first to the left, the others to the right."""
    widths = [max(len(line[i]) for line in [head, *rows]) for i in range(len(head))]
    rule = tuple("-" * width for width in widths)
    lines = []
    for cells in [head, rule, *rows]:
        first, *rest = (
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        lines.append("  ".join([first, *rest]).rstrip())
    return "\n".join(lines)


def machine() -> dict[str, Any]:
    return {
        "cpu": cpu_name(),
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_1m": round(psutil.getloadavg()[0], 2),
    }


def machine_line() -> str:
    facts = machine()
    return (
        f"{facts['cores']} cores, {facts['cpu']}, {facts['memory_gib']} GiB, "
        f"Python {facts['python']}"
    )


def cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
