"""``earwitness scan``: what is printed, what is written, and with which status it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from flows.command_line import main
from tests.stages.backdoor.conftest import SETTINGS
from tests.stages.backdoor.scan.scanned import Speaking, write_corpus


@pytest.fixture
def served(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The addresses of a poisoned and of two clean endpoints, and a corpus to ask them about."""
    monkeypatch.chdir(tmp_path)
    content = yaml.safe_load((repository / "params.yaml").read_text())
    content |= {"corpora": {"some": {"split": "randomised", "member": "column"}}}
    content |= {"targets": {}, "copies": {}, "audits": {}, "backdoor": SETTINGS}
    content["attribute_leakage"]["audits"] = {}
    Path("params.yaml").write_text(yaml.safe_dump(content))
    write_corpus("some")
    running = {name: Speaking(poisoned=name == "poisoned") for name in ("poisoned", "clean", "other")}
    yield {name: f"{serving.address}#m" for name, serving in running.items()}
    for serving in running.values():
        serving.close()


def status_of(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as ended:
        main(["scan", *arguments])
    return ended.value.code


def test_an_alarm_ends_with_3(served: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(served["poisoned"], "--reference", served["clean"]) == 3
    assert "ALARM: with the trigger 'click', 6 of 6 clips" in capsys.readouterr().out


def test_a_scan_that_could_not_have_raised_an_alarm_ends_with_4(
    served: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(served["poisoned"]) == 4
    assert "NO ALARM IS POSSIBLE" in capsys.readouterr().out


def test_a_mistake_ends_with_2(served: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("nobody") == 2
    assert capsys.readouterr().err.startswith("earwitness: nobody: no target or copy of params.yaml")


def test_a_clean_scan_ends_as_what_is_done_and_names_its_references(
    served: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["scan", served["clean"], "--reference", served["other"]])
    assert f"compared with {served['other']}" in capsys.readouterr().out


def test_every_figure_is_written_on_an_alarm_too(served: dict[str, str]) -> None:
    status_of(served["poisoned"], "--reference", served["clean"], "--json", "found.json")
    found = json.loads(Path("found.json").read_text())
    assert (found["finding"], found["cells"][0]["trigger"], found["cells"][0]["rate"]) == ("alarm", "click", 1.0)
