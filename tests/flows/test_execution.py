"""A stage's process: its environment, and the error line of a failed one."""

from pathlib import Path

from flows.environment import process_environment
from flows.execution import error_line
from stages.core.store.rowcache import FRESH

LOG = Path(".cache/log/one.log")


def test_a_stage_s_own_line_is_its_error() -> None:
    text = (
        "Running stage 'one':\n> python -m stages.one\n10%|#  | 1/10\r100%|###| 10/10\n"
        "earwitness: one: a.csv, row 3: no path: add it\nERROR: failed to reproduce 'one': exited with 2\n"
    )
    assert error_line("one", text, LOG) == "earwitness: one: a.csv, row 3: no path: add it"


def test_without_one_it_is_the_last_thing_said_that_is_not_a_progress_bar() -> None:
    text = "> run\nTraceback …\nKeyError: 'x'\nrows: 93%|##9| 4/5 [00:31<00:01]\nERROR: failed to reproduce 'one'\n"
    assert error_line("one", text, LOG) == f"earwitness: one: failed unexpectedly: KeyError: 'x' (see {LOG})"


def test_a_killed_stage_is_called_that() -> None:
    text = "Running stage 'one':\n> python -m stages.one\nERROR: failed to reproduce 'one': exited with -9\n"
    assert error_line("one", text, LOG).startswith("earwitness: one: killed by signal 9: run the same command again")


def test_where_only_dvc_spoke_it_is_dvc_s_line() -> None:
    text = "ERROR: failed to reproduce 'one': missing data 'source': raw/x\n"
    assert "missing data 'source': raw/x" in error_line("one", text, LOG)
    assert "no output" in error_line("one", "", LOG)


def test_a_stage_finds_the_environment_s_python_and_reports_to_nobody() -> None:
    environment = process_environment(fresh=True)
    assert (Path(environment["PATH"].split(":")[0]) / "python").exists()
    assert environment["DO_NOT_TRACK"] == "1"
    assert environment["DVC_NO_ANALYTICS"] == "true"
    assert environment[FRESH] == "1"
    assert FRESH not in process_environment()
