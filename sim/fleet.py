"""Who the simulated trucks are: the same first N trucks every time, with Indian registrations."""

from __future__ import annotations

import random
from dataclasses import dataclass

# District offices of the states where most goods vehicles are registered.
OFFICES = (
    *("MH12", "MH04", "MH31", "MH46", "GJ01", "GJ05", "GJ12", "GJ27", "RJ14", "RJ19", "RJ52"),
    *("HR38", "HR55", "HR61", "DL01", "UP14", "UP32", "UP78", "UK04", "PB10", "PB65", "HP12"),
    *("KA01", "KA22", "KA25", "KA51", "TN01", "TN28", "TN52", "TN88", "KL07", "KL39", "AP16"),
    *("AP39", "TS08", "TS15", "MP09", "MP20", "CG04", "CG07", "OD02", "OD14", "JH02", "JH05"),
    *("WB11", "WB23", "BR01", "BR06", "AS01", "AS25", "NL01", "GA03", "PB08", "RJ09"),
)
SERIES_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # without I and O, which look like digits


@dataclass(frozen=True, slots=True)
class TruckClass:
    name: str  # as fleet/classes/table has it
    capacity_t: float
    share: int
    bodies: tuple[str, ...]

    @property
    def payload_kg(self) -> int:
        return round(self.capacity_t * 1000)


CLASSES = (
    TruckClass("LCV_14", 4.0, 10, ("open", "container")),
    TruckClass("LCV_17", 5.0, 8, ("open", "container")),
    TruckClass("MCV_19", 7.5, 12, ("open", "container")),
    TruckClass("MCV_22", 10.0, 8, ("open",)),
    TruckClass("OPEN_10W", 16.0, 14, ("open", "tipper")),
    TruckClass("OPEN_12W", 21.0, 12, ("open", "tipper")),
    TruckClass("OPEN_14W", 25.0, 8, ("open",)),
    TruckClass("SXL_32", 7.0, 12, ("container",)),
    TruckClass("MXL_32", 15.0, 8, ("container",)),
    TruckClass("TRL_18W", 28.0, 6, ("flatbed", "container")),
    TruckClass("OPEN_10W", 16.0, 2, ("tanker",)),
)


@dataclass(frozen=True, slots=True)
class TruckIdentity:
    id: str
    registration: str
    truck_class: TruckClass

    @property
    def body(self) -> str:
        return random.Random(f"body {self.id}").choice(self.truck_class.bodies)


def fleet(trucks: int) -> list[TruckIdentity]:
    """The seed moves trucks, it does not rename them: a second run finds its fleet again."""
    rng = random.Random("ubertruck fleet")
    shares = [truck_class.share for truck_class in CLASSES]
    found: dict[str, TruckIdentity] = {}
    while len(found) < trucks:
        office = rng.choice(OFFICES)
        series = "".join(rng.choices(SERIES_LETTERS, k=2))
        number = rng.randint(1001, 9999)
        truck_class = rng.choices(CLASSES, shares)[0]
        plate = f"{office}{series}{number}"
        registration = f"{office[:2]} {office[2:]} {series} {number}"
        found.setdefault(plate, TruckIdentity(plate, registration, truck_class))
    return list(found.values())
