"""Handing over is proven: by a code that few attempts may guess, a signature, a paper."""

from __future__ import annotations

from freight.booking import commands as asked
from freight.booking.events import Delivered, ProofRecorded, ProofRefused
from freight.booking.state import Milestone, ProofKind
from tests.freight.booking.story import (
    DESK,
    DRIVER,
    HOUR,
    MINUTE,
    Story,
    entered,
    exited,
    load,
    rules,
)


def at_drop(**proof: object) -> Story:
    usual = rules().proof
    story = Story(rules(proof=usual.model_copy(update=proof))).assigned()
    story.hears(entered("plant", HOUR), exited("plant", 2 * HOUR), entered("site", 3 * HOUR))
    assert story.status == "at_drop"
    return story


def code(story: Story, stop: str = "S2", expires_ms: int | None = None) -> None:
    story.does(
        asked.SetCode(
            by=DESK, leg="L1", stop=stop, digest="right", salt="salt", expires_ms=expires_ms
        )
    )


def enters(digest: str | None, at_ms: int | None = None) -> asked.RecordProof:
    return asked.RecordProof(
        by=DRIVER, leg="L1", stop="S2", kind=ProofKind.OTP, digest=digest, at_ms=at_ms
    )


def test_the_right_code_delivers() -> None:
    story = at_drop()
    code(story)

    told = story.does(enters("right"))

    assert isinstance(told[0], ProofRecorded)
    assert isinstance(told[-1], Delivered)
    assert story.status == "delivered"


def test_wrong_codes_count_and_lock_until_there_is_a_new_one() -> None:
    story = at_drop(misses_max=3)
    assert story.refused(enters("right")) == "no_code"
    code(story)

    misses = [story.does(enters(wrong))[0] for wrong in ("a", None, "b")]
    assert [event.misses for event in misses if isinstance(event, ProofRefused)] == [1, 2, 3]
    assert story.refused(enters("right")) == "code_locked"
    assert story.status == "at_drop"

    code(story)
    story.does(enters("right"))
    assert story.status == "delivered"


def test_a_code_expires_by_when_it_was_entered() -> None:
    story = at_drop()
    code(story, expires_ms=4 * HOUR)
    story.at(6 * HOUR)

    assert story.refused(enters("right", at_ms=4 * HOUR)) == "code_expired"
    assert story.refused(enters("right", at_ms=7 * HOUR)) == "in_future"
    assert story.refused(enters("right", at_ms=1)) == "time_order"
    story.does(enters("right", at_ms=4 * HOUR - 1))  # sent late, from where there was no network
    assert story.leg().delivered_ms == 4 * HOUR - 1


def test_only_what_the_tenant_accepts_counts() -> None:
    story = at_drop(drop=(ProofKind.OTP,))
    signature = asked.RecordProof(
        by=DRIVER, leg="L1", stop="S2", kind=ProofKind.SIGNATURE, receiver="Rao"
    )

    assert story.refused(signature) == "proof_not_accepted"


def test_a_proof_shows_something() -> None:
    story = at_drop(drop=tuple(ProofKind))
    for kind in (ProofKind.SIGNATURE, ProofKind.PHOTO, ProofKind.DOCUMENT):
        bare = asked.RecordProof(by=DRIVER, leg="L1", stop="S2", kind=kind)
        assert story.refused(bare) == "invalid_proof"
    named = asked.RecordProof(by=DRIVER, leg="L1", stop="S2", kind=ProofKind.PHOTO, receiver="Rao")
    assert story.refused(named) == "invalid_proof"


def test_loading_needs_its_proof_where_the_tenant_asks_for_it() -> None:
    usual = rules().proof
    story = Story(rules(proof=usual.model_copy(update={"pickup": (ProofKind.SIGNATURE,)})))
    story.assigned()
    story.hears(entered("plant", HOUR))
    loaded = asked.Reach(by=DESK, leg="L1", milestone=Milestone.DONE, stop="S1", reason="rang")
    assert story.refused(loaded) == "proof_needed"

    story.hears(exited("plant", 2 * HOUR))  # it drives, whatever is signed
    assert story.status == "in_transit"
    story.hears(entered("site", 3 * HOUR))
    story.proves("S2")
    assert story.status == "delivered"
    assert story.refused(asked.Close(by=DESK)) == "proof_missing"

    story.at(4 * HOUR).proves("S1", at_ms=2 * HOUR - MINUTE)
    story.does(asked.Close(by=DESK))
    assert story.status == "closed"


def test_a_stop_is_proven_once_by_each_kind() -> None:
    story = at_drop()
    story.proves("S2")
    document = asked.RecordProof(
        by=DESK, leg="L1", stop="S2", kind=ProofKind.DOCUMENT, reference="doc/9"
    )

    story.does(document)
    assert story.refused(document) == "already_proven"
    assert len(story.leg().proofs) == 2


def test_a_truck_that_was_not_seen_needs_a_code_or_a_reason() -> None:
    story = Story().assigned()
    signed = asked.RecordProof(
        by=DRIVER, leg="L1", stop="S2", kind=ProofKind.SIGNATURE, receiver="Rao"
    )
    assert story.refused(signed) == "reason_needed"

    code(story)
    story.does(enters("right"))
    assert story.status == "delivered"


def test_each_leg_is_proven_for_itself() -> None:
    story = Story().assigned(load=load(), legs_kg=(12_000, 8_000))
    story.hears(entered("plant", HOUR, "T1"), exited("plant", 2 * HOUR, "T1"))
    story.hears(entered("site", 3 * HOUR, "T1"))
    story.proves("S2", leg="L1")

    assert story.leg("L1").status.value == "delivered"
    assert story.status == "assigned"
