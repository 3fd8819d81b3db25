"""A quote is computed again to the byte: from what was kept yesterday, and by an older release."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from freight.pricing.asking import Facts, PriceRequest
from freight.pricing.lines import Origin, Tariff
from freight.pricing.price import price
from freight.pricing.quotes import (
    Quote,
    computed_again,
    digest_of,
    rates_read,
    rates_written,
    read,
    written,
)
from tests.freight.pricing.test_price_properties import QUICK, asked, rates
from tests.freight.pricing.worked import NOON, at_ms, rules_of

# As releases wrote them. A file here is never changed: who quoted a price stands by it.
KEPT = sorted((Path(__file__).parent / "kept").glob("*-quote.json"))


def quoted(rules: dict[str, Any], case: dict[str, Any]) -> tuple[Quote, bytes]:
    tariff = Tariff(rules_of(rules), {"cards/c": Origin("/t/cards/c", 3)}, "/*/pricing", 17)
    body = rates_written(tariff)
    facts = dict(case)
    request = PriceRequest(facts.pop("load"), at_ms(NOON), facts.pop("shipper"))
    found = Facts(router="test", **facts)
    quote = Quote(
        id="q",
        tenant="t",
        made_ms=1,
        expires_ms=2,
        request=request,
        facts=found,
        rates=digest_of(body),
        price=price(request, tariff, found),
    )
    return quote, body


@QUICK
@given(rates(), asked())
def test_a_quote_comes_out_of_what_was_kept(rules: dict[str, Any], case: dict[str, Any]) -> None:
    quote, body = quoted(rules, case)

    kept = read(written(quote))
    tariff = rates_read(body, kept.price.revision)

    assert kept == quote
    assert rates_written(tariff) == body
    assert written(computed_again(kept, tariff)) == written(quote)


@QUICK
@given(st.permutations(["crane", "hazardous", "tarpaulin", "lashing"]))
def test_sets_are_always_written_alike(words: list[str]) -> None:
    exempt = [{"valid_from": "2025-01-01", "value": words}]
    rules = {"gst": {"exempt_materials": exempt, "mode": [_MODE]}}

    assert digest_of(rates_written(Tariff(rules_of(rules)))) == digest_of(
        rates_written(Tariff(rules_of({"gst": {"exempt_materials": [_SORTED], "mode": [_MODE]}})))
    )


_MODE = {"valid_from": "2025-01-01", "value": "exempt_no_cn"}
_SORTED = {
    "valid_from": "2025-01-01",
    "value": ["crane", "hazardous", "lashing", "tarpaulin"],
}


def test_another_revision_of_something_else_is_the_same_rates() -> None:
    tariff = Tariff(rules_of({}), {}, "/*/pricing", 1)

    assert rates_written(dataclasses.replace(tariff, revision=2)) == rates_written(tariff)


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.name)
def test_what_an_older_release_quoted_comes_out_again(path: Path) -> None:
    body = path.read_bytes().rstrip()
    kept_rates = path.with_name(path.name.replace("quote", "rates")).read_bytes().rstrip()
    quote = read(body)

    assert digest_of(kept_rates) == quote.rates
    assert written(computed_again(quote, rates_read(kept_rates, quote.price.revision))) == body


def test_there_are_quotes_of_older_releases() -> None:
    assert KEPT
    assert msgspec.json.decode(KEPT[0].read_bytes())["price"]["total_minor"] > 0
