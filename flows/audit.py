"""The DVC graph as a Prefect flow: every stage whose inputs are ready runs, in a process of its own.

DVC alone decides what is out of date. No Prefect task keeps results of its own: Prefect's policies do not see that a
file behind a path, or an imported helper, has changed.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from flows.console import Console
from flows.execution import StageOutcome, reproduce
from flows.graph import Graph, load_graph, outdated
from flows.preflight import is_pulled, preflight
from flows.verdicts import verdict_rows
from stages.attribute_leakage.params import AttributeLeakageParams
from stages.core.config.nouns import Params
from stages.core.config.params import load_params
from stages.core.errors import EarwitnessError
from stages.core.run.stage import stage_lock
from stages.core.store.jsonfile import write_json

TIMINGS = Path(".cache/timings.json")
CORES = len(os.sched_getaffinity(0))


@flow(name="audit", task_runner=ThreadPoolTaskRunner(max_workers=CORES))  # type: ignore[arg-type]
def audit(audits: list[str] | None = None, fresh: bool = False, checked: bool = False) -> State[Any]:
    """Bring the graph up to date and keep the verdicts as a Prefect artifact.

    Parameters
    ----------
    audits : list of str, optional
        Run only the stages that these audits need; a corpus's name stands for its blind baseline. Without names, the
        whole graph runs, with the report.
    fresh : bool
        Run every stage even if nothing changed, without the row cache.
    checked : bool
        Whether the input has been checked already. The command line checks it before it starts Prefect; a schedule
        does not.

    Returns
    -------
    State
        Failed, with one line per failed stage, or Completed.
    """
    try:
        if not checked:
            preflight(audits or ())
        with stage_lock("audit", ""):
            return _up_to_date(audits, fresh=fresh)
    except EarwitnessError as error:
        return Failed(message=f"earwitness: {error}")


def _up_to_date(audits: list[str] | None, *, fresh: bool) -> State[Any]:
    start = time.monotonic()
    whole = load_graph()
    graph = whole.upstream(goals(audits)) if audits else whole
    run = Run(fresh=fresh)
    run.stages(graph.first(), cached=())
    changed = set(graph.inputs) - _pulled(graph) if fresh else outdated(graph)
    run.stages(graph, cached=set(graph.inputs) - changed)
    write_timings(run.outcomes, whole.inputs, time.monotonic() - start)
    if failures := run.failures():
        return Failed(message="\n".join(failures))
    create_table_artifact(
        verdict_rows(load_params(Params), audits), key="verdicts", description="What each audit found"
    )
    return Completed(message=f"{len(graph.inputs)} stages are up to date")


def _pulled(graph: Graph) -> set[str]:
    """Return the stages that cannot run here, because their recordings are elsewhere and only their clips are here."""
    return {
        f"corpus@{name}"
        for name in load_params(Params).corpora
        if is_pulled(name) and f"lab_speech@{name}" not in graph.inputs
    }


def goals(audits: Iterable[str]) -> list[str]:
    """Return the last stage of each named audit, whether of membership or of attribute leakage.

    A name that no audit has is that of a corpus; its last stage is the blind baseline.
    """
    params = load_params(AttributeLeakageParams)
    audited = {*params.audits, *params.attribute_leakage.audits}
    sections: dict[str, Collection[str]] = {
        "evaluation": params.audits,
        "attribute_leakage": params.attribute_leakage.audits,
        "blind_baseline": set(params.corpora) - audited,
    }
    return [f"{stage}@{name}" for name in audits for stage, declared in sections.items() if name in declared]


class Run:
    """One run of the graph, in parts.

    Parameters
    ----------
    fresh : bool
        Run stages even if nothing changed.

    Attributes
    ----------
    outcomes : dict of str to StageOutcome
        The outcome of each stage that has ended. A stage downstream of a failed one has none.
    """

    def __init__(self, *, fresh: bool) -> None:
        self.fresh = fresh
        self.outcomes: dict[str, StageOutcome] = {}
        self._futures: dict[str, PrefectFuture[Any]] = {}
        self._console = Console()

    def failures(self) -> list[str]:
        """Return the error of each failed stage, in one line."""
        return [outcome.message for outcome in self.outcomes.values() if outcome.kind == "failed"]

    def stages(self, graph: Graph, cached: Collection[str]) -> None:
        """Run the stages of `graph` that no earlier part contained, each as soon as its inputs are ready.

        At most as many stages run at once as there are cores. Among the stages that are ready, the one with the longest
        path to the end of the graph starts first. Stages that read from a failed stage are skipped; all others run.
        """
        heights = graph.heights()
        waiting = set(graph.inputs) - set(self._futures)
        ended: SimpleQueue[str] = SimpleQueue()
        running = 0
        while True:
            ready = [name for name in waiting if all(self._succeeded(upstream) for upstream in graph.inputs[name])]
            workers = max(1, CORES // max(1, running + len(ready)))
            for name in sorted(ready, key=lambda name: (-heights[name], name))[: CORES - running]:
                self._start(name, graph.inputs[name], name in cached, workers, ended)
                waiting.remove(name)
                running += 1
            if not running:
                break
            name = ended.get()
            self._console.finished(name, self.outcomes[name])
            running -= 1
        for name in graph.inputs:
            if name in waiting:  # downstream of a failed stage: Prefect then shows it as not ready
                self._submit(name, graph.inputs[name], cached=False, workers=1).wait()

    def _succeeded(self, stage: str) -> bool:
        return stage in self.outcomes and self.outcomes[stage].kind != "failed"

    def _start(self, name: str, inputs: Collection[str], cached: bool, workers: int, ended: SimpleQueue[str]) -> None:
        def done(_: PrefectFuture[Any]) -> None:
            # A task that Prefect itself could not run leaves no outcome.
            self.outcomes.setdefault(name, StageOutcome("failed", 0.0, f"earwitness: {name}: Prefect could not run it"))
            ended.put(name)

        self._submit(name, inputs, cached=cached, workers=workers).add_done_callback(done)

    def _submit(self, name: str, inputs: Collection[str], *, cached: bool, workers: int) -> PrefectFuture[Any]:
        def work() -> StageOutcome:
            if cached:
                outcome = StageOutcome("cached")
            else:
                outcome = reproduce(
                    name, fresh=self.fresh, workers=workers, progress=self._console.draw, say=self._console.say
                )
            self.outcomes[name] = outcome
            return outcome

        named = run_stage.with_options(name=name, task_run_name=name)
        future: PrefectFuture[Any] = named.submit(  # type: ignore[call-overload]
            work, wait_for=[self._futures[upstream] for upstream in inputs]
        )
        self._futures[name] = future
        return future


@task(cache_policy=NO_CACHE, persist_result=False)
def run_stage(work: Callable[[], StageOutcome]) -> State[Any]:
    """Run a stage and return its outcome as a Prefect state."""
    outcome = work()
    if outcome.kind == "failed":
        return Failed(message=outcome.message)
    return Completed(name="Cached") if outcome.kind == "cached" else Completed()


def write_timings(outcomes: Mapping[str, StageOutcome], declared: Collection[str], seconds: float) -> None:
    """Write the seconds of each stage for ``make bench``. A cached stage keeps the time of its last run.

    Parameters
    ----------
    outcomes : mapping of str to StageOutcome
        The outcome of each stage that has ended.
    declared : collection of str
        All stages of the graph. The times of any other stage are dropped.
    seconds : float
        Wall time of the whole run.
    """
    before = _timings_before()
    stages = {name: {"seconds": before[name], "cached": True} for name in declared if name in before}
    for name, outcome in outcomes.items():
        if outcome.kind != "failed":
            ran = outcome.kind == "ran"
            stages[name] = {"seconds": outcome.seconds if ran else before.get(name), "cached": not ran}
    write_json(TIMINGS, {"seconds": seconds, "stages": stages})


def _timings_before() -> dict[str, float | None]:
    """Return the seconds of each stage's last run, or nothing if the file is not in the form of `write_timings`.

    A damaged file is replaced, because it must not fail an audit that has finished.
    """
    try:
        stages = json.loads(TIMINGS.read_text(encoding="utf-8"))["stages"]
        seconds = {name: stage["seconds"] for name, stage in stages.items()}
        return {name: None if value is None else float(value) for name, value in seconds.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
