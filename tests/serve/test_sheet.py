"""CSV files as spreadsheets write them: read as they were meant, or refused with the place."""

from __future__ import annotations

import contextlib
import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.policy import defaults
from serve.fleet.wire import NewTruck
from serve.imports.kinds import TRUCKS
from serve.imports.rows import take
from serve.imports.sheet import DELIMITERS, Sheet, read
from serve.problems import InvalidError

LIMITS = defaults().imports
COLUMNS = ("id", "name", "phone", "home_lat")


def sheet(text: str | bytes, **limits: int) -> Sheet:
    body = text if isinstance(text, bytes) else text.encode()
    return read(body, COLUMNS, ("id",), LIMITS.model_copy(update=limits))


def cells(found: Sheet) -> list[dict[str, str]]:
    return [dict(row.cells) for row in found.rows]


ONE = [{"id": "T1", "name": "Ravi, sons"}]
GOOD = [
    'id,name\nT1,"Ravi, sons"\n',
    '\ufeffid,name\r\nT1,"Ravi, sons"\r\n',
    "id;name\nT1;Ravi, sons",
    "name\tID \n Ravi, sons\tT1\n",
    'id,name,phone\nT1,"Ravi, sons",\n\n,,\n',
    '"id";"name"\n"T1";"Ravi, sons"\n',
]


@pytest.mark.parametrize("text", GOOD)
def test_a_file_is_read_however_it_was_saved(text: str) -> None:
    found = sheet(text)

    assert (cells(found), found.faults, found.count) == (ONE, (), 1)


UNREADABLE: list[tuple[str | bytes, str]] = [
    (b"", "the column 'id' is missing"),
    ("name\nRavi\n", "the column 'id' is missing"),
    ("id,colour\nT1,red\n", "there is no column 'colour'"),
    ("id,id\nT1,T2\n", "the column 'id' is there twice"),
    ("id,name\nT1,R\xe4vi".encode("latin-1"), "not UTF-8, as seen in line 2"),
    ("id\nT1".encode("utf-16"), "UTF-16"),
    ('id,name\nT1,"Ravi\n', "cannot be read"),
    ('id,name\nT1,"Ravi"x\n', "line 2 cannot be read"),
    ("id|name\nT1|Ravi\n", "there is no column 'id|name'"),
]


@pytest.mark.parametrize(("text", "says"), UNREADABLE)
def test_a_file_that_says_nothing_is_refused(text: str | bytes, says: str) -> None:
    with pytest.raises(InvalidError) as refused:
        sheet(text)

    assert says in " ".join(error["detail"] for error in refused.value.errors)


def test_what_is_too_much_is_refused() -> None:
    text = "id\nT1\nT2\nT3\n"
    assert sheet(text, rows_max=3, bytes_max=len(text)).count == 3
    for limits in ({"rows_max": 2}, {"bytes_max": len(text) - 1}):
        with pytest.raises(InvalidError):
            sheet(text, **limits)


WRONG_ROWS = [
    ("T1,Ravi,1,2,3", None, "has 5 cells, but the header has 4"),
    ("T1", None, "has 1 cells, but the header has 4"),
    ("T1,=1+1,,", "name", "begins like a formula"),
    ("T1,@cmd,,", "name", "begins like a formula"),
    ("T1,-Ravi,,", "name", "begins like a formula"),
    ("T1,+91;cmd,,", "name", "begins like a formula"),
    ("T1,\t=1,,", "name", "begins like a formula"),
    ('T1,"Ra\nvi",,', "name", "contains a line break"),
    ("T1,Ra\0vi,,", "name", "contains a line break"),
    ("T1," + "x" * 501 + ",,", "name", "is longer than 500 characters"),
]


@pytest.mark.parametrize(("row", "column", "says"), WRONG_ROWS)
def test_a_wrong_row_is_named_and_the_others_are_read(
    row: str, column: str | None, says: str
) -> None:
    found = sheet(f"id,name,phone,home_lat\nT0,Before,,\n{row}\nT2,Behind,,\n")

    (fault,) = found.faults
    assert (fault.row, fault.column) == (3, column)
    assert fault.detail.startswith(says)
    assert [each["id"] for each in cells(found)] == ["T0", "T2"]
    assert found.count == 3


def test_numbers_and_phones_are_no_formulas() -> None:
    found = sheet("id,name,phone,home_lat\nT1,-5,+91 98765-43210,-1.25e-05\n")

    assert found.faults == ()


# -------------------------------------------------------------------------------- properties

CELLS = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp"), exclude_characters="=+-@"),
    max_size=20,
)
ROWS = st.lists(st.tuples(CELLS.filter(bool), CELLS, CELLS), max_size=12)


@given(
    rows=ROWS,
    delimiter=st.sampled_from(DELIMITERS),
    ends=st.sampled_from(["\n", "\r\n"]),
    bom=st.booleans(),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
@settings(max_examples=80)
def test_what_a_spreadsheet_writes_comes_back(**case: Any) -> None:
    text = io.StringIO()
    writer = csv.writer(
        text, delimiter=case["delimiter"], lineterminator=case["ends"], quoting=case["quoting"]
    )
    writer.writerow(("id", "name", "phone"))
    writer.writerows(case["rows"])
    body = text.getvalue().encode("utf-8-sig" if case["bom"] else "utf-8")

    found = sheet(body)

    names = ("id", "name", "phone")
    expected = [
        {name: cell for name, cell in zip(names, row, strict=True) if cell} for row in case["rows"]
    ]
    assert (cells(found), found.faults) == (expected, ())


@given(st.binary(max_size=200))
@settings(max_examples=150)
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for begin in (b"", b"id,name\n"):
        with contextlib.suppress(InvalidError):
            found = sheet(begin + body)
            assert found.count >= len(found.rows)


TRUCK = st.fixed_dictionaries(
    {
        "id": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,20}", fullmatch=True),
        "payload_kg": st.integers(1, 500_000),
        "capacity_t": st.floats(0, 1000, allow_nan=False),
        "body": st.from_regex(r"[a-z][a-z0-9_-]{0,10}", fullmatch=True),
        "class": st.sampled_from(["OPEN_10W", "TRL_18W"]),
        "home_lat": st.floats(-90, 90, allow_nan=False).map(lambda x: round(x, 6)),
        "home_lon": st.floats(-180, 180, allow_nan=False).map(lambda x: round(x, 6)),
    }
)


@given(st.lists(TRUCK, max_size=6, unique_by=lambda row: row["id"]))
@settings(max_examples=50)
def test_trucks_come_out_as_they_went_in(rows: list[dict[str, Any]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["id", *(set(rows[0]) - {"id"})] if rows else ["id"])
    writer.writeheader()
    writer.writerows(rows)
    columns = TRUCKS.columns
    found = read(text.getvalue().encode(), tuple(columns.places), columns.needed, LIMITS)

    taken = take(found, columns)

    assert taken.faults == []
    assert [shown(each) for each in taken.bodies.values()] == rows


def shown(truck: NewTruck) -> dict[str, Any]:
    said = truck.model_dump(by_alias=True, exclude_unset=True)
    home = said.pop("home", {})
    return said | {f"home_{name}": value for name, value in home.items()}
