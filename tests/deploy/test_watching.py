"""What is shipped for Prometheus and Grafana: it loads, explains itself and names real metrics."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from launch.layout import REPOSITORY
from tests.launch.instance import Instance

PROMETHEUS = REPOSITORY / "deploy" / "prometheus"
RULES = sorted((PROMETHEUS / "rules").glob("*.yml"))
DASHBOARDS = sorted((REPOSITORY / "deploy" / "grafana" / "dashboards").glob("*.json"))
RUNBOOKS = REPOSITORY / "docs" / "runbooks"
# Debian's package carries it; fetched without being installed.
PACKAGE = "prometheus"
FETCH_S = 60.0
_METRIC = re.compile(r"\bubertruck_[a-z0-9_]+\b(?!\.)")
_RECORDED = re.compile(r"\bubertruck:[a-z0-9_:]+")


def rules() -> list[dict[str, Any]]:
    files = [yaml.safe_load(path.read_text()) for path in RULES]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return [panel for path in DASHBOARDS for panel in json.loads(path.read_text())["panels"]]


def expressions() -> list[str]:
    drawn = [target["expr"] for panel in panels() for target in panel["targets"]]
    return drawn + [rule["expr"] for rule in rules()]


# ------------------------------------------------------------------------------------- promtool


@pytest.fixture(scope="module")
def promtool(tmp_path_factory: pytest.TempPathFactory) -> str:
    found = shutil.which("promtool")
    if found is not None:
        return found
    folder = tmp_path_factory.mktemp("promtool")
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        pytest.skip(f"no promtool here: it comes with Debian's package `{PACKAGE}`")
    try:
        run("apt-get", "-qq", "download", PACKAGE, cwd=folder)
        (package,) = folder.glob("*.deb")
        run("dpkg-deb", "-x", str(package), str(folder), cwd=folder)
    except (subprocess.SubprocessError, ValueError) as error:
        pytest.skip(f"no promtool here, and `{PACKAGE}` cannot be fetched: {error}")
    return str(folder / "usr" / "bin" / "promtool")


def run(*command: str, cwd: Path = PROMETHEUS) -> str:
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=FETCH_S, check=False
    )
    if done.returncode:
        raise subprocess.SubprocessError(done.stdout + done.stderr)
    return done.stdout


def test_prometheus_takes_the_files(promtool: str) -> None:
    assert "SUCCESS" in run(promtool, "check", "config", "prometheus.yml")
    assert run(promtool, "check", "rules", *map(str, RULES)).count("SUCCESS") == len(RULES)


def test_alerts_begin_when_they_should(promtool: str) -> None:
    assert "SUCCESS" in run(promtool, "test", "rules", "tests/rules.yml")


# ---------------------------------------------------------------------------------- what they say


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    named = {
        rule["alert"]: rule["annotations"]["runbook_url"] for rule in rules() if "alert" in rule
    }

    assert named == {name: f"docs/runbooks/{name}.md" for name in named}
    assert named.keys() == {path.stem for path in RUNBOOKS.glob("*.md")}
    for name in named:
        text = (RUNBOOKS / f"{name}.md").read_text()
        assert all(
            part in text for part in (f"# {name}\n", "**What it means.**", "## Look", "## Do")
        )


def test_every_alert_says_how_bad_it_is() -> None:
    alerts = [rule for rule in rules() if "alert" in rule]

    assert alerts
    for rule in alerts:
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}, rule["alert"]
        assert rule["annotations"]["summary"]
        assert rule["for"]


def test_what_is_recorded_is_what_is_asked_for() -> None:
    recorded = Counter(rule["record"] for rule in rules() if "record" in rule)
    asked = {name for text in expressions() for name in _RECORDED.findall(text)}

    assert max(recorded.values()) == 1
    assert asked <= recorded.keys()


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_is_whole(path: Path) -> None:
    board = json.loads(path.read_text())
    places = [
        (panel["gridPos"]["x"], panel["gridPos"]["y"], panel["gridPos"]["w"])
        for panel in board["panels"]
    ]

    assert board["uid"] == f"ubertruck-{path.stem}"
    assert board["templating"]["list"][0]["name"] == "datasource"
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert len(set(places)) == len(places)
    assert all(x + w <= 24 for x, _, w in places)
    for panel in board["panels"]:
        assert panel["title"]
        assert panel["type"] in {"timeseries", "stat"}
        assert panel["datasource"]["uid"] == "${datasource}"
        assert all(target["expr"] for target in panel["targets"])
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


@pytest.mark.stack
def test_every_metric_that_is_named_is_told_by_a_running_stack(stack: Instance) -> None:
    text = httpx.get(f"{stack.http}/metrics", trust_env=False, timeout=30).text
    told = {family.name for family in text_string_to_metric_families(text)}
    # Of a histogram and a counter the parser gives the family, expressions name their series.
    known = told | {f"{name}{end}" for name in told for end in ("_total", "_bucket", "_count")}
    named = {name for text in expressions() for name in _METRIC.findall(text)}

    assert len(named) > 40
    assert named - known == set()
