"""What was compiled is thrown away when anything has changed that it was compiled of."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

INNER = "from geo.compiled import compiled\nSHIFT = {shift}\n@compiled\ndef inner(x):\n    {body}\n"
OUTER = (
    "from geo.compiled import compiled\nfrom planted_inner import inner\n"
    "@compiled\ndef outer(x):\n    return inner(x) * 2\n"
)


def load(folder: Path, name: str, monkeypatch: Any) -> Any:
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(__import__("sys").modules, name, module)
    spec.loader.exec_module(module)
    return module


def answer(folder: Path, shift: int, body: str, monkeypatch: Any) -> int:
    """Of the caller, whose own file never changes."""
    written = folder / "planted_inner.py"
    written.write_text(INNER.format(shift=shift, body=body))
    os.utime(written, (0, sum(map(ord, f"{shift}{body}"))))  # another time for another text
    if not (folder / "planted_outer.py").exists():
        (folder / "planted_outer.py").write_text(OUTER)
    load(folder, "planted_inner", monkeypatch)
    found: int = load(folder, "planted_outer", monkeypatch).outer(1)
    return found


def test_a_changed_function_or_constant_of_another_file_is_compiled_anew(
    tmp_path: Path, monkeypatch: Any
) -> None:
    assert answer(tmp_path, 1, "return x + SHIFT", monkeypatch) == 4
    assert answer(tmp_path, 5, "return x + SHIFT", monkeypatch) == 12
    assert answer(tmp_path, 5, "return x - SHIFT", monkeypatch) == -8
    assert list(tmp_path.rglob("*.nbi")), "kept for the next process"
