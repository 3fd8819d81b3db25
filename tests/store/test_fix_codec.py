"""The binary COPY payload stores exactly what a plain INSERT of the same fixes stores."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import asyncpg
import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.installation import DatabaseRole, Postgres
from freight.fixes import FixArray
from store import fix_codec
from store.fixes import copy_payload
from store.postgres import connect, moment
from tests.store.fix_arrays import MISSING_INTEGERS, START_MS, any_fixes, bare_fixes

STORED = ", ".join(fix_codec.COPY_COLUMNS)
JSON_TEXT = st.dictionaries(
    st.text(max_size=5), st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5)
).map(lambda value: msgspec.json.encode(value).decode())


class Tables:
    """Two tables shaped like `fixes`: what COPY stored and what INSERT stored."""

    def __init__(self, where: Postgres) -> None:
        self._runner = asyncio.Runner()
        self._conn = self._runner.run(connect(where, DatabaseRole.OWNER))
        for name in ("copied", "inserted"):
            self.run(f"CREATE TEMP TABLE {name} (LIKE fixes)")

    def run(self, sql: str) -> None:
        self._runner.run(self._conn.execute(sql))

    def copy(self, payload: bytes) -> None:
        async def piece() -> AsyncIterator[bytes]:
            yield payload

        self._runner.run(
            self._conn.copy_to_table(
                "copied",
                source=piece(),
                columns=fix_codec.COPY_COLUMNS,
                format="binary",
            )
        )

    def insert(self, rows: list[tuple[object, ...]]) -> None:
        slots = ", ".join(f"${i + 1}" for i in range(len(fix_codec.COPY_COLUMNS)))
        sql = f"INSERT INTO inserted ({STORED}) VALUES ({slots})"
        self._runner.run(self._conn.executemany(sql, rows))

    def rows(self, table: str) -> list[asyncpg.Record]:
        columns = STORED.replace("extra", "extra::text")
        sql = f"SELECT {columns} FROM {table} ORDER BY ts"
        return self._runner.run(self._conn.fetch(sql))

    def read_back(self, table: str) -> tuple[np.ndarray, FixArray]:
        payload = bytearray()

        async def collect(data: bytes) -> None:
            payload.extend(data)

        sql = f"SELECT batch, {fix_codec.READ_EXPRESSIONS} FROM {table} ORDER BY ts"
        self._runner.run(self._conn.copy_from_query(sql, output=collect, format="binary"))
        return fix_codec.read_payload(payload)

    def close(self) -> None:
        self._runner.run(self._conn.close())
        self._runner.close()


@pytest.fixture(scope="module")
def tables(where: Postgres) -> Iterator[Tables]:
    made = Tables(where)
    yield made
    made.close()


def plain_rows(
    fixes: FixArray, extras: dict[int, str], shard: int, batch: int
) -> list[tuple[object, ...]]:
    """The same fixes as Python values, one by one: slow, and easy to believe."""
    rows = []
    for at, fix in enumerate(fixes):
        row: dict[str, object] = {"shard": shard, "batch": batch}
        for column in fix_codec.COLUMNS:
            value = fix[column.source].item()
            if column.name in fix_codec.TIMES:
                value = moment(value)
            elif value == MISSING_INTEGERS.get(column.name) or value != value:  # noqa: PLR0124
                value = None
            elif column.name == "ignition":
                value = bool(value)
            row[column.name] = value
        row["extra"] = msgspec.json.decode(extras[at]) if at in extras else None
        rows.append(tuple(row[name] for name in fix_codec.COPY_COLUMNS))
    return rows


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    fixes=any_fixes(7, 11),
    extras=st.dictionaries(st.integers(0, 7), JSON_TEXT),
    batch=st.integers(0, 2**62),
)
def test_copy_stores_what_insert_stores(
    tables: Tables, fixes: FixArray, extras: dict[int, str], batch: int
) -> None:
    extras = {at: text for at, text in extras.items() if at < len(fixes)}
    tables.run("TRUNCATE copied, inserted")

    encoded = {at: text.encode() for at, text in extras.items()}
    tables.copy(copy_payload(fixes, encoded, 3, batch))
    tables.insert(plain_rows(fixes, extras, 3, batch))

    copied, inserted = tables.rows("copied"), tables.rows("inserted")
    assert [tuple(row) for row in inserted] == [tuple(row) for row in copied]
    batches, read = tables.read_back("copied")
    assert set(batches.tolist()) == {batch}
    assert fixes[np.argsort(fixes["ts_ms"])].tobytes() == read.tobytes()


def test_no_fixes_make_an_empty_copy(tables: Tables) -> None:
    tables.run("TRUNCATE copied")

    tables.copy(copy_payload(bare_fixes(1, 1, []), {}, 0, 1))

    assert tables.rows("copied") == []
    assert len(tables.read_back("copied")[1]) == 0


def test_unknown_keys_stay_with_their_row_byte_for_byte(tables: Tables) -> None:
    tables.run("TRUNCATE copied")
    fixes = bare_fixes(1, 1, [START_MS + i for i in range(5)])
    fixes["speed_kmh"] = [1, np.nan, 3, np.nan, 5]
    odd = {0: b'{"b":1,  "a":"\\u0000"}', 3: '{"नाम":"ट्रक"}'.encode(), 4: b"{}"}

    tables.copy(copy_payload(fixes, odd, 0, 1))

    kept = {
        at: row["extra"].encode() for at, row in enumerate(tables.rows("copied")) if row["extra"]
    }
    assert odd == kept
