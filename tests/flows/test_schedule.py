"""A schedule wants a server that keeps running."""

import os
import subprocess
import sys
from pathlib import Path


def test_without_a_server_it_says_what_to_do(repository: Path, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    environment["PYTHONPATH"] = str(repository)
    done = subprocess.run(
        [sys.executable, "-m", "flows.schedule"], capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "prefect server start" in line
