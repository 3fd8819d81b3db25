"""How it is proven that a load was handed over: a code, a signature, a picture or a paper."""

from __future__ import annotations

from freight.booking import progress
from freight.booking.commands import RecordProof, SetCode
from freight.booking.deciding import (
    Asked,
    must_be_past,
    must_not_be_over,
    on_the_way,
    refusal_at,
    stop_of,
)
from freight.booking.events import BookingEvent, CodeSet, ProofRecorded, ProofRefused
from freight.booking.rules import BookingRules
from freight.booking.state import Booking, Code, Leg, Proof, ProofKind, Status
from freight.load import Stop, StopKind
from freight.refusal import Refusal


def set_code(ask: Asked, command: SetCode) -> list[BookingEvent]:
    """A new one replaces the old, with its attempts."""
    must_not_be_over(ask.booking, "no code is needed")
    leg = ask.leg(command.leg)
    if leg.status in (Status.CREATED, Status.DELIVERED, Status.CANCELLED):
        raise refusal_at(leg.status, "no code is needed")
    stop = stop_of(ask.booking, leg, command.stop)
    if _is_proven(leg, stop, ProofKind.OTP):
        raise Refusal("already_proven", f"stop {stop.id} is proven by its code already")
    code = Code(digest=command.digest, salt=command.salt, expires_ms=command.expires_ms)
    return [CodeSet(leg=leg.id, stop=stop.id, code=code, **ask.stamp)]


def record(ask: Asked, command: RecordProof) -> list[BookingEvent]:
    leg = on_the_way(ask, command.leg)
    stop = stop_of(ask.booking, leg, command.stop)
    at_ms = ask.now_ms if command.at_ms is None else command.at_ms
    must_be_past(ask, at_ms)
    if at_ms < progress.since_ms(leg):
        raise Refusal("time_order", "that was before the leg had its truck")
    accepted = accepted_at(stop, ask.rules)
    if accepted and command.kind not in accepted:
        raise Refusal("proof_not_accepted", f"here counts only: {', '.join(accepted)}")
    if _is_proven(leg, stop, command.kind):
        raise Refusal("already_proven", f"stop {stop.id} is proven so already")
    _must_be_there(leg, stop, command)
    if command.kind is ProofKind.OTP:
        misses = _misses(leg, stop, command.digest, at_ms, ask.rules)
        if misses is not None:
            return [ProofRefused(leg=leg.id, stop=stop.id, misses=misses, **ask.stamp)]
    else:
        _must_show(command)
    _must_measure(ask.booking, command, ask.rules)
    proof = Proof(
        stop=stop.id,
        kind=command.kind,
        at_ms=at_ms,
        receiver=command.receiver,
        reference=command.reference,
        remarks=command.remarks,
        received=command.received,
        weighing=command.weighing,
        documents=command.documents,
    )
    return [ProofRecorded(leg=leg.id, proof=proof, **ask.stamped(at_ms))]


def accepted_at(stop: Stop, rules: BookingRules) -> tuple[ProofKind, ...]:
    """Any one of them; none: no proof is asked for, and each is welcome."""
    return rules.proof.pickup if stop.kind is StopKind.PICKUP else rules.proof.drop


def missing(booking: Booking, leg: Leg, rules: BookingRules) -> list[str]:
    """The stops whose proof is asked for and not there."""
    return [
        stop.id
        for stop in booking.stops_of(leg)
        if accepted_at(stop, rules) and not any(proof.stop == stop.id for proof in leg.proofs)
    ]


def _is_proven(leg: Leg, stop: Stop, kind: ProofKind) -> bool:
    return any((proof.stop, proof.kind) == (stop.id, kind) for proof in leg.proofs)


def _misses(
    leg: Leg, stop: Stop, digest: str | None, at_ms: int, rules: BookingRules
) -> int | None:
    """How many attempts have failed with this one; None: it is right."""
    code = leg.codes.get(stop.id)
    if code is None:
        raise Refusal("no_code", f"no code was sent for stop {stop.id}")
    if code.misses >= rules.proof.misses_max:
        raise Refusal("code_locked", "too many wrong codes: a new one is needed")
    if code.expires_ms is not None and at_ms >= code.expires_ms:
        raise Refusal("code_expired", "the code has expired: a new one is needed")
    return None if digest == code.digest else code.misses + 1


def _must_be_there(leg: Leg, stop: Stop, command: RecordProof) -> None:
    """A code is known only to who receives the load; all else could be made anywhere."""
    seen = leg.at(stop.id).arrived is not None
    if not seen and command.kind is not ProofKind.OTP and not command.reason:
        raise Refusal("reason_needed", f"nobody has seen the truck at stop {stop.id}: say why")


def _must_show(command: RecordProof) -> None:
    shown: object = command.reference or command.documents
    if command.kind is ProofKind.SIGNATURE:
        shown = shown or command.receiver
    if not shown:
        raise Refusal("invalid_proof", "name the receiver who signed, or the stored picture")


def _must_measure(booking: Booking, command: RecordProof, rules: BookingRules) -> None:
    """What was received is of what is carried, and can be on one truck."""
    most_kg = rules.leg_kg_max
    materials = [one.material for one in command.received]
    if len(set(materials)) < len(materials):
        raise Refusal("invalid_received", "each material is named once")
    for one in command.received:
        if one.material != booking.load.material:
            says = f"the load is {booking.load.material}, not {one.material}"
            raise Refusal("invalid_received", says)
        quantity_kg, damaged_kg = one.quantity_kg, one.damaged_kg or 0
        if quantity_kg is not None and not 0 <= damaged_kg <= quantity_kg <= most_kg:
            says = f"quantities are from 0 to {most_kg} kg, and what is damaged is part of them"
            raise Refusal("invalid_received", says)
        if quantity_kg is None and one.damaged_kg is not None:
            raise Refusal("invalid_received", "what is damaged is part of a quantity: say it")
    weighing = command.weighing
    if weighing is not None and not 0 < weighing.tare_kg <= weighing.gross_kg:
        raise Refusal("invalid_weighing", "a truck is no lighter with its load than without")
    if weighing is not None and weighing.net_kg > most_kg:
        raise Refusal("invalid_weighing", f"no truck of ours takes more than {most_kg} kg")
