"""Points the lint at directories as a user does, and at our own product."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lint.check import check, python_files
from lint.main import PRODUCT, ROOT, main
from tests.house.sources import CODE_FOLDERS


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    (tmp_path / "billing").mkdir()
    (tmp_path / "billing" / "fares.py").write_text("x = 1\nGST_RATE = 0.18\nTIMEOUT_S = 30\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_fares.py").write_text("GST_RATE = 0.18\n")
    return tmp_path


def test_findings_are_printed_with_file_line_rule_and_severity(
    planted: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(planted)

    assert main(["."]) == 1

    said = capsys.readouterr().out
    assert "billing/fares.py:2: error [rate] GST_RATE = 0.18 is a rate, fee or price" in said
    assert "billing/fares.py:3: error [time]" in said
    assert "test_fares" not in said
    assert "found: 2 errors" in said


def test_findings_are_given_as_json(planted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(planted), "--json", "--rule", "rate"]) == 1

    [one] = json.loads(capsys.readouterr().out)
    assert (Path(one["file"]).name, one["line"], one["rule"], one["severity"]) == (
        "fares.py",
        2,
        "rate",
        "error",
    )
    assert one["what_to_do"]


def test_clean_directory_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.py").write_text("x = policy().api.timeout_s\n")

    assert main([str(tmp_path)]) == 0
    assert "nothing is hard-coded" in capsys.readouterr().out


def test_one_rule_can_be_asked_for(planted: Path) -> None:
    assert main([str(planted), "--rule", "tenant"]) == 0


def test_missing_directory_is_misuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_every_code_folder_is_checked() -> None:
    assert {*CODE_FOLDERS, "ubertruck.py"} == set(PRODUCT)
    assert sum(1 for name in PRODUCT for _ in python_files(ROOT / name)) > 100


def test_nothing_is_hard_coded_in_our_own_product() -> None:
    found = [str(one) for one in check(ROOT / name for name in PRODUCT)]

    assert not found, "\n".join(["", *found])
