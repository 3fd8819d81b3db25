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
    name: str
    capacity_t: float
    share: int


CLASSES = (
    TruckClass("lcv_14ft", 4.0, 10),
    TruckClass("lcv_17ft", 5.5, 8),
    TruckClass("icv_19ft", 7.5, 12),
    TruckClass("hcv_22ft", 10.0, 8),
    TruckClass("hcv_10_wheel", 16.0, 14),
    TruckClass("hcv_12_wheel", 21.0, 12),
    TruckClass("hcv_14_wheel", 25.0, 8),
    TruckClass("container_32ft_sxl", 7.0, 12),
    TruckClass("container_32ft_mxl", 15.0, 8),
    TruckClass("trailer_40ft", 28.0, 6),
    TruckClass("tanker_20kl", 16.0, 2),
)


@dataclass(frozen=True, slots=True)
class TruckIdentity:
    id: str
    registration: str
    truck_class: TruckClass


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
