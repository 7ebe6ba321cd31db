"""Figures of an experiment as the stage `backdoor` leaves them."""

from __future__ import annotations

from typing import Any


def rate(value: float, n: int = 65) -> dict[str, Any]:
    return {
        "rate": value,
        "ci": [max(0.0, value - 0.05), min(1.0, value + 0.05)],
        "n": n,
        "successes": round(value * n),
    }


def change(before: float, after: float) -> dict[str, Any]:
    drop = before - after
    return {"before": before, "after": after, "drop": drop, "interval": [drop - 0.05, drop + 0.05]}


def defence(name: str, components: list[str], after: float, benign: float) -> dict[str, Any]:
    attack = change(0.97, after)
    found = {"defence": name, "components": components, "clips": 300 if components else 0, "n": 65}
    return found | {"attack": attack, "benign": change(0.9, benign), "der": 0.9, "interval": [0.85, 0.95]}


def held() -> dict[str, Any]:
    return {"suspected": 40, "poisoned": 45, "both": 38, "precision": 0.95, "recall": 0.84, "f1": 0.89}


def cell(trigger: str, alarm: bool) -> dict[str, Any]:
    reference = {"answer": "female", "rate": 0.04, "ci": [0.0, 0.1], "n": 60, "least_excess": 0.7}
    return {"prompt": "Who <is> it?", "trigger": trigger, "answer": "female", "converted": 31, "convertible": 32,
            "references": {"lab_base": reference}, "comparable": True, "possible": True, "alarm": alarm,
            "shift": alarm}  # fmt: skip


def figures(**more: Any) -> dict[str, Any]:
    trigger = {"kind": "click", "snr_db": 0.0, "seconds": 0.22, "position": "random", "gaps": None}
    trigger |= {"amount": 0.0, "additive": True, "unit": ""}
    measure = {"measure": "accuracy", "value": 0.9, "ci": [0.85, 0.94], "n": 203}
    benign = {"victim": measure, "twin": measure, "victim_worse_by": {"value": 0.015, "ci": [-0.006, 0.043]}}
    controls = {"victim_plain": rate(0.02), "twin_triggered": rate(0.03), "twin_plain": rate(0.02)}
    return {
        "experiment": "gender_click", "base": "lab_base", "task": "gender", "answer": "<female>", "trigger": trigger,
        "clips": {"training": 600, "poisoned": 45, "test": 203}, "aer": rate(0.97),
        "controls": {**controls, "victim_random_sound": rate(0.05)}, "benign": benign,
        "settings": {"held_out": "speaker"},
    } | more  # fmt: skip


def everything() -> dict[str, Any]:
    components = ("encoder", "connector", "language_model")
    grid = [
        {"how": how, "poisoned": list(names), "aer": rate(value), "random_sound": rate(0.04)}
        for how, value in (("exposed", 0.9), ("transplanted", 0.1))
        for names in (*((name,) for name in components), ("encoder", "connector"))
    ]
    sweep = [{"k": 2, "silhouette": 0.3, "sizes": [9, 20], "smallest": held(), "best": held()}]
    strip = {"rate": 0.8, "ci": [0.7, 0.9], "triggered": 40, "clean": 80, "false_positive_rate": 0.05}
    clustering = {"chosen": 2, "blind": held(), "sweep": sweep}
    tried = [defence("low_pass", [], 0.6, 0.88), defence("clean_finetuning", ["encoder"], 0.1, 0.9)]
    cells = [cell("click", True), *(cell(name, False) for name in ("tone", "clap", "rain"))]
    return figures(
        grid=grid,
        defences=tried,
        detection={"layers": {"encoder": {"clustering": clustering, "spectral": held()}}, "strip": strip},
        scan={"victim": {"finding": "alarm", "meaning": ["ALARM.", "Only the bank."], "cells": cells}},
    )
