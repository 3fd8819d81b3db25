"""schemathesis over every operation with valid credentials: no failure, nothing off its schema."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from store.tenants import Tenant
from tests.api.conftest import ANSWERS_WITHIN_S, Running, caller_with
from tests.api.makers import Made, maker_of
from tests.api.operations import Operation, operations_of
from tests.serve.caller import Caller

pytestmark = pytest.mark.postgres

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 10
# Of those that take nothing but ids: few are as many as there are ways to be wrong.
EXAMPLES_BY_ID = 4
# Its answer has no end; tests/serve/test_live.py reads it.
ENDLESS = {"GET /v1/live/events"}
# Keys are of the whole installation, whose database other tests share;
# tests/serve/test_signing_keys.py asks on one of its own.
OF_THE_INSTALLATION = {"POST /v1/signing-keys/rotate"}
SAME_EXAMPLES_EACH_TIME = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


async def test_no_answer_is_a_failure_or_off_its_schema(running: Running) -> None:
    schema = schemathesis.openapi.from_dict(running.document)
    found = []
    for operation in operations_of(running.document):
        if operation.says in ENDLESS | OF_THE_INSTALLATION:
            continue
        maker = maker_of(operation)
        made = await maker(running.world) if maker and operation.parameters else {}
        asking = caller_with(running.world.owner.http, running.world.gateway, _tenant(running))
        declared = schema[operation.path][operation.method]
        probe = _probe(running.url, asking, declared, made)
        try:
            await asyncio.to_thread(probe)
        except BaseExceptionGroup as several:
            found += [_told(operation, one) for one in several.exceptions]
        except AssertionError as one:
            found.append(_told(operation, one))

    assert not found, "\n".join(["", *found])


def _requests(declared: Any) -> st.SearchStrategy[Case[Any]]:
    """What the schema allows, and where there is something to get wrong also what it does not."""
    valid: st.SearchStrategy[Case[Any]] = declared.as_strategy()
    if not (declared.body or declared.query or declared.headers or declared.path_parameters):
        return valid
    invalid: st.SearchStrategy[Case[Any]]
    invalid = declared.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    return valid | invalid


def _tenant(running: Running) -> Tenant:
    return running.world.owner.tenant


def _told(operation: Operation, failure: BaseException) -> str:
    return f"{operation.says}: {str(failure)[:1500]}"


def _probe(url: str, asking: Caller, declared: Any, made: Made) -> Callable[[], None]:
    """Half of the requests name an object that exists, so that more than 404 is seen."""
    session = requests.Session()
    examples = EXAMPLES if declared.body or declared.query else EXAMPLES_BY_ID
    headers: Mapping[str, str] = {"Authorization": f"Bearer {asking.token}"}

    @settings(SAME_EXAMPLES_EACH_TIME, max_examples=examples)
    @given(case=_requests(declared), of_ours=st.booleans())
    def probe(case: Case[Any], of_ours: bool) -> None:
        if made and of_ours:
            case.path_parameters = dict(made)
        answer = case.call(
            base_url=url, session=session, headers=dict(headers), timeout=ANSWERS_WITHIN_S
        )
        case.validate_response(answer, checks=CHECKS)

    return probe
