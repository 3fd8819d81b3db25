"""What a replica keeps at hand for quotes: the rates, known ways, and what signs them."""

from __future__ import annotations

from dataclasses import dataclass, field

from serve.quotes.distances import Distances
from serve.quotes.tariffs import Tariffs
from store.quote_signatures import QuoteSigner


@dataclass(frozen=True, slots=True)
class Quoting:
    tariffs: Tariffs
    signer: QuoteSigner
    distances: Distances = field(default_factory=Distances)
