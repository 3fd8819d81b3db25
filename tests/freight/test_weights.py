"""Weights: what is missing beyond tolerance, and its price to the paisa."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.policy import defaults
from freight.booking import commands as asked
from freight.booking.events import BookingEvent
from freight.booking.evolve import replayed
from freight.booking.state import Booking, ProofKind, Received, Weighing
from freight.load import StopKind
from freight.weights import (
    Rate,
    RateFrom,
    Source,
    Tolerance,
    WeightRules,
    chain_of,
    debit_minor,
    debit_of,
    rate_of,
    shortage,
)
from tests.freight.booking.story import (
    DRIVER,
    HOUR,
    Story,
    create,
    entered,
    exited,
    load,
    rules,
    stop,
)

HALF_PERCENT = Tolerance(share_bp=50)


def weight_rules(**changed: Any) -> WeightRules:
    plain = {"tolerance_bp": 50, "tolerance_of": {}}
    return defaults().weights.model_copy(update=plain | changed)


@pytest.mark.parametrize(
    ("loaded", "unloaded", "tolerance", "told"),
    [
        # tolerated, missing, excess, charged
        (20_000, 20_000, HALF_PERCENT, (100, 0, 0, 0)),
        (20_000, 19_901, HALF_PERCENT, (100, 99, 0, 0)),
        (20_000, 19_900, HALF_PERCENT, (100, 100, 0, 0)),
        (20_000, 19_899, HALF_PERCENT, (100, 101, 0, 1)),
        (20_000, 19_600, HALF_PERCENT, (100, 400, 0, 300)),
        (20_000, 0, HALF_PERCENT, (100, 20_000, 0, 19_900)),
        (20_000, 20_150, HALF_PERCENT, (100, 0, 150, 0)),
        (199, 0, HALF_PERCENT, (0, 199, 0, 199)),  # half a percent of it is no whole kilogram
        (20_000, 19_900, Tolerance(share_bp=50, kg_max=60), (60, 100, 0, 40)),
        (20_000, 19_900, Tolerance(share_bp=0), (0, 100, 0, 100)),
        (20_000, 19_900, Tolerance(share_bp=10_000), (20_000, 100, 0, 0)),
    ],
)
def test_what_is_missing_beyond_tolerance_is_charged(
    loaded: int, unloaded: int, tolerance: Tolerance, told: tuple[int, int, int, int]
) -> None:
    found = shortage(loaded, unloaded, tolerance, beyond_only=True)

    assert (found.tolerated_kg, found.missing_kg, found.excess_kg, found.charged_kg) == told


def test_all_that_is_missing_is_charged_where_it_was_agreed_so() -> None:
    def charged(unloaded_kg: int) -> int:
        return shortage(20_000, unloaded_kg, HALF_PERCENT, beyond_only=False).charged_kg

    assert [charged(kg) for kg in (20_000, 19_900, 19_899, 19_600)] == [0, 0, 101, 400]


@pytest.mark.parametrize(
    ("charged_kg", "rate", "minor"),
    [
        (300, Rate(700_000, 1000, RateFrom.AGREED), 210_000),  # 7 000 rupees a tonne
        (1, Rate(12_345, 1000, RateFrom.AGREED), 12),
        (1, Rate(12_500, 1000, RateFrom.AGREED), 13),  # halves go up
        (300, Rate(14_000_000, 20_000, RateFrom.DECLARED), 210_000),
        (7, Rate(10_000_000, 30_000, RateFrom.DECLARED), 2333),
        (0, Rate(14_000_000, 20_000, RateFrom.DECLARED), 0),
    ],
)
def test_a_debit_is_rounded_once(charged_kg: int, rate: Rate, minor: int) -> None:
    assert debit_minor(charged_kg, rate) == minor


@given(
    loaded=st.integers(0, 60_000),
    unloaded=st.integers(0, 60_000),
    share_bp=st.integers(0, 10_000),
    kg_max=st.none() | st.integers(0, 1000),
    beyond=st.booleans(),
)
@settings(max_examples=100)
def test_shortages_add_up(
    loaded: int, unloaded: int, share_bp: int, kg_max: int | None, beyond: bool
) -> None:
    tolerance = Tolerance(share_bp=share_bp, kg_max=kg_max)
    found = shortage(loaded, unloaded, tolerance, beyond_only=beyond)
    one_less = shortage(loaded, max(unloaded - 1, 0), tolerance, beyond_only=beyond)

    assert loaded - found.missing_kg + found.excess_kg == unloaded
    assert 0 in {found.missing_kg, found.excess_kg}
    assert 0 <= found.charged_kg <= found.missing_kg
    assert (found.charged_kg > 0) == (found.missing_kg > found.tolerated_kg)
    assert one_less.charged_kg >= found.charged_kg
    assert found.tolerated_kg <= loaded


# --------------------------------------------------------------------------------- bookings


def on_the_way(**changed: Any) -> Story:
    story = Story(rules()).assigned(**changed)
    story.hears(entered("plant", HOUR), exited("plant", 2 * HOUR), entered("site", 3 * HOUR))
    return story


def proves(stop_id: str, kind: ProofKind = ProofKind.SIGNATURE, **more: Any) -> asked.RecordProof:
    said = {"receiver": "Rao", "reason": "as told"}
    return asked.RecordProof(by=DRIVER, leg="L1", stop=stop_id, kind=kind, **said | more)


def received(kg: int | None, **more: Any) -> tuple[Received, ...]:
    return (Received("cement", kg, **more),)


def stood(story: Story) -> Booking:
    assert story.booking is not None
    return story.booking


def test_a_chain_is_told_by_the_proofs() -> None:
    story = on_the_way(declared_value_minor=14_000_000)
    booking, leg = stood(story), story.leg()
    assert chain_of(booking, leg).loaded_kg == 20_000
    assert chain_of(booking, leg).unloaded_kg is None
    assert debit_of(booking, leg, weight_rules()) is None, "nothing is short before it is said"

    story.does(proves("S1", weighing=Weighing(10_500, 30_450, "doc-1")))
    story.does(proves("S2", received=received(19_500, damaged_kg=50, remarks="3 bags torn")))

    chain = chain_of(stood(story), story.leg())
    assert (chain.loaded_kg, chain.unloaded_kg, chain.damaged_kg) == (19_950, 19_500, 50)
    assert (chain.loaded[0].source, chain.loaded[0].slip) == (Source.WEIGHBRIDGE, "doc-1")
    assert chain.unloaded[0].source is Source.RECEIVED
    debit = debit_of(stood(story), story.leg(), weight_rules())
    assert debit is not None
    # 500 missing of 19 950, of which 99 are tolerated; 7 rupees a kilogram.
    assert (debit.shortage.charged_kg, debit.amount_minor) == (401, 280_700)
    whole = debit_of(stood(story), story.leg(), weight_rules(damaged_counts=False))
    assert whole is not None
    assert whole.shortage.charged_kg == 351


def test_a_weighbridge_is_believed_before_anybodys_word() -> None:
    story = on_the_way()
    story.does(proves("S2", weighing=Weighing(10_000, 29_700), received=received(20_000)))
    story.does(proves("S2", ProofKind.DOCUMENT, reference="r", received=received(19_000)))

    (drop,) = chain_of(stood(story), story.leg()).unloaded
    assert (drop.kg, drop.source, drop.weighed_kg) == (19_700, Source.WEIGHBRIDGE, (10_000, 29_700))


def test_the_last_word_counts() -> None:
    story = on_the_way()
    story.does(proves("S2", received=received(20_000)))
    story.does(proves("S2", ProofKind.DOCUMENT, documents=("doc-2",), received=received(19_000)))
    assert chain_of(stood(story), story.leg()).unloaded_kg == 19_000


def test_each_drop_must_be_said() -> None:
    stops = (
        stop(1, StopKind.PICKUP, 20_000, "plant"),
        stop(2, StopKind.DROP, 12_000, "site"),
        stop(3, StopKind.DROP, 8000),
    )
    story = on_the_way(load=load(*stops))
    story.does(proves("S2", received=received(12_000)))
    assert chain_of(stood(story), story.leg()).unloaded_kg is None

    story.does(proves("S3", received=received(7900)))
    assert chain_of(stood(story), story.leg()).unloaded_kg == 19_900


@pytest.mark.parametrize(
    ("prefers", "declared", "agreed", "rate"),
    [
        (RateFrom.DECLARED, 14_000_000, 650_000, (14_000_000, 20_000)),
        (RateFrom.DECLARED, None, 650_000, (650_000, 1000)),
        (RateFrom.AGREED, 14_000_000, 650_000, (650_000, 1000)),
        (RateFrom.AGREED, 14_000_000, None, (14_000_000, 20_000)),
        (RateFrom.AGREED, None, None, None),
    ],
)
def test_what_a_kilogram_costs(
    prefers: RateFrom, declared: int | None, agreed: int | None, rate: tuple[int, int] | None
) -> None:
    story = on_the_way(declared_value_minor=declared)
    of_material = {} if agreed is None else {"cement": agreed}
    chosen = weight_rules(rate_from=prefers, agreed_minor_per_t=of_material)

    found = rate_of(stood(story), chosen)

    assert (found and (found.minor, found.per_kg)) == rate
    story.does(proves("S2", received=received(19_000)))
    debit = debit_of(stood(story), story.leg(), chosen)
    assert debit is not None
    assert (debit.amount_minor is None) == (rate is None)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"received": (Received("sand", 5),)}, "invalid_received"),
        ({"received": (Received("cement", 5), Received("cement", 6))}, "invalid_received"),
        ({"received": received(-1)}, "invalid_received"),
        ({"received": received(10**7)}, "invalid_received"),
        ({"received": received(5, damaged_kg=6)}, "invalid_received"),
        ({"received": received(None, damaged_kg=6)}, "invalid_received"),
        ({"weighing": Weighing(20_000, 19_999)}, "invalid_weighing"),
        ({"weighing": Weighing(0, 10)}, "invalid_weighing"),
        ({"weighing": Weighing(1, 10**7)}, "invalid_weighing"),
    ],
)
def test_what_cannot_be_is_refused(more: dict[str, Any], code: str) -> None:
    assert on_the_way().refused(proves("S2", **more)) == code


def test_a_declared_value_is_above_zero() -> None:
    assert Story(rules()).refused(create(declared_value_minor=0)) == "invalid_declared_value"


def test_proofs_of_before_read_as_they_were() -> None:
    """What an older release wrote has none of this in it."""
    old = (
        b'{"type":"proof_recorded","at_ms":5,"known_ms":5,"by":{"kind":"user","name":"asha"},'
        b'"cause":{"kind":"command"},"leg":"L1",'
        b'"proof":{"stop":"S2","kind":"photo","at_ms":5,"reference":"doc/9"}}'
    )
    event = msgspec.json.decode(old, type=BookingEvent)
    story = on_the_way()

    booking = replayed([event], stood(story))

    assert booking is not None
    assert booking.legs[0].proofs[0].received == ()
    assert msgspec.json.decode(msgspec.json.encode(event)) == msgspec.json.decode(old)
    assert chain_of(booking, booking.legs[0]).unloaded_kg is None
