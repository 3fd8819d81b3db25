"""A rule about the configuration tree: every setting an operator can turn is read somewhere."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from pydantic import BaseModel

from tests.house.sources import Source


def setting_names(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Path and field name of every setting below a policy model, sections included."""
    for name, field in model.model_fields.items():
        path = f"{prefix}{name}"
        yield path, name
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from setting_names(inner, f"{path}.")


def unread_settings(model: type[BaseModel], sources: Iterable[Source]) -> list[str]:
    """Prevents knobs that turn nothing: an operator who sets one believes that it works."""
    read = {
        node.attr
        for source in sources
        for node in source.nodes
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }
    return [path for path, name in setting_names(model) if name not in read]
