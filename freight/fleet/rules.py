"""What a tenant asks of trucks, drivers and carriers."""

from __future__ import annotations

from freight.fleet.classes import ClassRules
from freight.fleet.duty import DutyRules
from freight.fleet.kyc import KycRules
from freight.fleet.papers import PaperRules
from freight.fleet.ratings import RatingRules
from freight.fleet.zones import ZoneRules
from freight.rules import Rules


class FleetRules(Rules):
    classes: ClassRules
    papers: PaperRules
    duty: DutyRules
    kyc: KycRules
    ratings: RatingRules
    zones: ZoneRules
