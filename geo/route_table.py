"""Many routes, under the caller's own small numbers: added and taken away while they are asked."""

from __future__ import annotations

from geo.places import Place, Position, Search, Table, located
from geo.ragged import Ragged
from geo.route import BOX_FIELDS, PIECE_FIELDS, Route


class RouteTable:
    """`table` is for compiled loops, good until the next change."""

    def __init__(self) -> None:
        self._pieces = Ragged(PIECE_FIELDS)
        self._boxes = Ragged(BOX_FIELDS)

    def put(self, number: int, route: Route) -> None:
        self._pieces.put(number, route.pieces)
        self._boxes.put(number, route.boxes)

    def discard(self, number: int) -> None:
        self._pieces.discard(number)
        self._boxes.discard(number)

    @property
    def table(self) -> Table:
        pieces, boxes = self._pieces, self._boxes
        return pieces.rows, pieces.first, pieces.count, boxes.rows, boxes.first

    def locate_one(self, number: int, fix: Position, search: Search) -> Place:
        """Where on the route the truck is; before it was first near to it, nowhere."""
        return Place(*located(self.table, number, *fix, *search))
