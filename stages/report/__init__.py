"""The last stage: one self-contained HTML page for people and `verdict.json` for machines.

Input: the figures and verdicts of all audits, the blind baselines, the quarantined clips, the targets' records. Output:
`data/report/report.html`, which runs no script and fetches nothing, and `data/report/verdict.json`.
"""
