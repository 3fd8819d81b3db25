"""A batch is folded while Postgres stores it: either may fail, and nothing is left of the other."""

from __future__ import annotations

from typing import Any

import pytest

from actors import storing
from actors.errors import StoreAwayError
from actors.journal import Journal
from store import fixes
from store.postgres import AnyPool
from tests.actors.test_journal import Yard, batch, crossings, started, stored_count, yard

__all__ = ["yard"]


@pytest.fixture
async def journal(telemetry: AnyPool, system: AnyPool, yard: Yard) -> Journal:
    return await started(telemetry, system, yard)


async def test_a_fold_that_fails_leaves_nothing_stored_and_the_connection_free(
    journal: Journal, yard: Yard, app: AnyPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unable(*_: Any) -> None:
        raise ArithmeticError("a rule that nobody foresaw")

    monkeypatch.setattr(storing, "fold_ordered", unable)
    with pytest.raises(ArithmeticError):
        await journal.commit(batch(yard, [(0, 1, 0.5), (1, 1, 0.5)]))
    assert await stored_count(app, yard) == 0

    monkeypatch.undo()
    await journal.commit(batch(yard, [(0, 1, 0.5), (1, 1, 0.5)]))
    assert await stored_count(app, yard) == 2
    assert await crossings(app, yard) == [(0, "entered", 1), (1, "entered", 1)]


async def test_fixes_that_cannot_be_stored_fail_the_batch_after_its_fold(
    journal: Journal, yard: Yard, app: AnyPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: Any) -> None:
        raise ConnectionResetError("the server went away")

    monkeypatch.setattr(fixes, "copy_new", refused)
    with pytest.raises(StoreAwayError, match="went away"):
        await journal.commit(batch(yard, [(0, 1, 0.5)]))

    monkeypatch.undo()
    await journal.recover()
    await journal.commit(batch(yard, [(0, 1, 0.5), (0, 2, 7.0)]))
    assert await stored_count(app, yard) == 2
    assert await crossings(app, yard) == [(0, "entered", 1), (0, "exited", 2)]
