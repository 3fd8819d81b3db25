"""Feature flags: the same answer for the same subject, and as many as were asked for."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from config.sections.operational import Flag, Variant

SUBJECTS = [f"user-{number}" for number in range(4000)]


def on_for(flag: Flag, name: str = "f", tenant: str = "demo") -> set[str]:
    return {subject for subject in SUBJECTS if flag.assign(name, tenant, subject).on}


def test_a_percentage_is_that_many_and_grows_around_those_it_had() -> None:
    tenth, half = (on_for(Flag(enabled=True, percentage=p)) for p in (10, 50))

    assert 0.08 < len(tenth) / len(SUBJECTS) < 0.12
    assert 0.47 < len(half) / len(SUBJECTS) < 0.53
    assert tenth <= half
    assert on_for(Flag(enabled=True, percentage=0)) == set()
    assert on_for(Flag(enabled=True)) == set(SUBJECTS)


def test_two_flags_draw_apart() -> None:
    half = Flag(enabled=True, percentage=50)

    both = on_for(half, "one") & on_for(half, "two")

    assert 0.22 < len(both) / len(SUBJECTS) < 0.28


def test_variants_by_weight_also_in_a_small_rollout() -> None:
    variants = (Variant(name="a", weight=3), Variant(name="b", weight=1))
    flag = Flag(enabled=True, percentage=25, variants=variants)

    counts = Counter(flag.assign("f", "demo", subject).variant for subject in on_for(flag))

    assert 0.70 < counts["a"] / (counts["a"] + counts["b"]) < 0.80


REASONS = [
    (Flag(), "disabled"),
    (Flag(enabled=True, tenants=("acme",)), "tenant"),
    (Flag(enabled=True, percentage=0), "percentage"),
    (Flag(enabled=True, tenants=("demo",)), "on"),
]


def test_why() -> None:
    for flag, reason in REASONS:
        given_ = flag.assign("f", "demo", "user-1")
        assert (given_.on, given_.reason, given_.variant) == (reason == "on", reason, None)


@given(st.text(max_size=20), st.floats(0, 100))
def test_it_never_changes_its_mind(subject: str, percentage: float) -> None:
    flag = Flag(enabled=True, percentage=percentage, variants=(Variant(name="a", weight=1),))

    assert flag.assign("f", "demo", subject) == flag.assign("f", "demo", subject)


EXPECTED = [None, None, "a", "a", "b", None, "b", "b"]


def test_written_out_once_so_that_no_release_moves_anybody() -> None:
    flag = Flag(
        enabled=True,
        percentage=50,
        variants=(Variant(name="a", weight=1), Variant(name="b", weight=1)),
    )

    assert [flag.assign("map", "demo", subject).variant for subject in SUBJECTS[:8]] == EXPECTED
