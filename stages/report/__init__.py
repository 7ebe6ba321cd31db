"""The last stage: one self-contained HTML page for people and `verdict.json` for machines.

Comes in: every audit's figures and verdict, the blind baselines, what was quarantined, the targets' records. Goes
out: `data/report/report.html`, without scripts or anything that is fetched, and `data/report/verdict.json`.
"""
