"""A copy of a target, trained on the members of one or two corpora: what an audit can see on known members.

Comes in: the base's ``target.json`` and checkpoint, ``data/corpus/<corpus>/clips.parquet``. Goes out:
``data/finetune/<copy>/checkpoint/``, ``data/finetune/<copy>/loss.csv`` and ``data/target/<copy>/target.json``.
"""
