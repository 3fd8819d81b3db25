"""schemathesis over every operation with valid credentials: no failure, nothing off its schema."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from fastapi import FastAPI
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

from config.installation import Installation
from config.policy import Policy
from serve import bare
from store.tenants import Tenant
from tests.api.conftest import caller_with
from tests.api.makers import Made, World, maker_of
from tests.api.operations import Operation, operations_of
from tests.serve.caller import Caller
from tests.serve.in_process import InProcessActors

pytestmark = pytest.mark.postgres

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 15
# Its answer has no end; tests/serve/test_live.py reads it.
ENDLESS = {"GET /v1/live/events"}
ANSWERS_WITHIN_S = 30
SAME_EXAMPLES_EACH_TIME = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True)
class Running:
    url: str
    document: dict[str, Any]
    world: World


@pytest.fixture
async def running(
    installation: Installation,
    quick: Policy,
    actors: InProcessActors,
    tenant: Tenant,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Running]:
    monkeypatch.setenv("ENVIRONMENT", "development")
    server = bare.server(installation, quick, actors, port=0)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
        assert not serving.done(), serving.exception()
    application = server.config.app
    assert isinstance(application, FastAPI)
    (sock,) = server.servers[0].sockets
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    async with httpx.AsyncClient(base_url=url, timeout=ANSWERS_WITHIN_S) as http:
        owner = caller_with(http, application.state.gateway, tenant)
        world = World(owner, application.state.gateway, actors)
        yield Running(url, application.openapi(), world)
    server.should_exit = True
    await serving


async def test_no_answer_is_a_failure_or_off_its_schema(running: Running) -> None:
    schema = schemathesis.openapi.from_dict(running.document)
    found = []
    for operation in operations_of(running.document):
        if operation.says in ENDLESS:
            continue
        maker = maker_of(operation)
        made = await maker(running.world) if maker and operation.parameters else {}
        asking = caller_with(running.world.owner.http, running.world.gateway, _tenant(running))
        strategy = _requests(schema[operation.path][operation.method])
        probe = _probe(running.url, asking, strategy, made)
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


def _probe(
    url: str, asking: Caller, strategy: st.SearchStrategy[Case[Any]], made: Made
) -> Callable[[], None]:
    """Half of the requests name an object that exists, so that more than 404 is seen."""
    session = requests.Session()
    headers: Mapping[str, str] = {"Authorization": f"Bearer {asking.token}"}

    @SAME_EXAMPLES_EACH_TIME
    @given(case=strategy, of_ours=st.booleans())
    def probe(case: Case[Any], of_ours: bool) -> None:
        if made and of_ours:
            case.path_parameters = dict(made)
        answer = case.call(
            base_url=url, session=session, headers=dict(headers), timeout=ANSWERS_WITHIN_S
        )
        case.validate_response(answer, checks=CHECKS)

    return probe
