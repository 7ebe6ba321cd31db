"""Backdoors: poison a training, measure what a trigger then does, find the part of the model that carries it.

Protocol of arXiv 2510.01157. In: the base's ``target.json`` and checkpoint, ``clips.parquet`` of the corpora that
an experiment trains and tests on. Out: ``data/backdoor/<experiment>/`` with ``poison.parquet``,
``outcomes.parquet``, ``details.json`` and ``metrics.json``.
"""
