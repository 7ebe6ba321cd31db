"""The graph of stages as DVC reads it, and which stages are out of date.

This module calls the command ``dvc``, because DVC's Python interface to a repository is not public.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import yaml

from flows.environment import process_environment
from stages.core.errors import EarwitnessError

DVC = (sys.executable, "-m", "dvc")

RECORDINGS = "data/raw/"

_NODE = re.compile(r'^"([^"]+)"(?: -> "([^"]+)")?;$')


@dataclass(frozen=True)
class Graph:
    """The stages, and for each stage the stages that it reads.

    Attributes
    ----------
    inputs : mapping of str to frozenset of str
        For each stage, the stages whose outputs it reads. The stages come in an order in which they can run.
    always_changed : frozenset of str
        Stages that DVC runs every time, and that its status always lists as changed.
    """

    inputs: Mapping[str, frozenset[str]]
    always_changed: frozenset[str]

    def upstream(self, goals: Iterable[str]) -> Graph:
        """Return the part of the graph that `goals` depend on, `goals` included."""
        needed: set[str] = set()
        waiting = list(goals)
        while waiting:
            stage = waiting.pop()
            if stage not in needed:
                needed.add(stage)
                waiting.extend(self.inputs[stage])
        return Graph({name: read for name, read in self.inputs.items() if name in needed}, self.always_changed & needed)

    def downstream(self, stages: Iterable[str]) -> set[str]:
        """Return `stages` and all stages that read their outputs, directly or through other stages."""
        reached = set(stages)
        for name, read in self.inputs.items():
            if read & reached:
                reached.add(name)
        return reached

    def first(self) -> Graph:
        """Return the stages that run before DVC is asked for the status.

        These are the stages that are always changed and read only from such stages.
        """
        early: set[str] = set()
        for name, read in self.inputs.items():
            if name in self.always_changed and read <= early:
                early.add(name)
        return self.upstream(early)

    def heights(self) -> dict[str, int]:
        """Return for each stage the number of stages on the longest path downstream from it, itself included."""
        heights = dict.fromkeys(self.inputs, 1)
        for name in reversed(list(self.inputs)):
            for upstream in self.inputs[name]:
                heights[upstream] = max(heights[upstream], heights[name] + 1)
        return heights


def load_graph() -> Graph:
    """Return the graph of the `dvc.yaml` in the working directory.

    Raises
    ------
    EarwitnessError
        If DVC cannot read it. The message holds the first line of DVC's error.
    """
    inputs = parse_dot(ask_dvc("dag", "--dot"))
    declared = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"]
    always = {name for name, stage in declared.items() if stage.get("do", stage).get("always_changed")}
    return Graph(inputs, frozenset(name for name in inputs if name.split("@")[0] in always))


def parse_dot(text: str) -> dict[str, frozenset[str]]:
    """Return the inputs of each stage from the output of ``dvc dag --dot``, in an order in which the stages can run."""
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        match = _NODE.match(line.strip())
        if match and match[2]:
            found.setdefault(match[2], set()).add(match[1])
            found.setdefault(match[1], set())
        elif match:
            found.setdefault(match[1], set())
    return {name: frozenset(found[name]) for name in TopologicalSorter(found).static_order()}


def outdated(graph: Graph) -> set[str]:
    """Return the stages that may have to run after those of ``graph.first()`` have run.

    DVC's status does not propagate: it does not list a stage whose input is about to change. So every stage downstream
    of a listed one counts as well. A stage whose recordings are not in this clone counts as unchanged.
    """
    changes = json.loads(ask_dvc("status", "--json"))
    listed = {name for name in graph.inputs if not lacks_only_recordings(changes.get(name, []))}
    return graph.downstream(listed - set(graph.first().inputs))


def lacks_only_recordings(changes: Sequence[object]) -> bool:
    """Return whether a stage is unchanged but for recordings that are not in this clone.

    Its clips were pulled from a DVC remote; `preflight` has checked that they are there.
    """
    return all(
        isinstance(change, dict)
        and set(change) == {"changed deps"}
        and all(path.startswith(RECORDINGS) and state == "deleted" for path, state in change["changed deps"].items())
        for change in changes
    )


def ask_dvc(*arguments: str) -> str:
    """Return what a DVC command prints.

    Raises
    ------
    EarwitnessError
        If it fails. The message holds the first line of DVC's error.
    """
    # S603: the command is DVC's, and its arguments are fixed words of this module.
    done = subprocess.run(  # noqa: S603
        [*DVC, "--wait-for-lock", *arguments], capture_output=True, text=True, env=process_environment(), check=False
    )
    if done.returncode:
        lines = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.strip()]
        raise EarwitnessError(f"dvc {arguments[0]}: {lines[0] if lines else 'failed'}: correct dvc.yaml or params.yaml")
    return done.stdout
