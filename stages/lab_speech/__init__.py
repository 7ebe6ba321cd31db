"""The lab's speech: synthesised corpora whose membership, speakers and recording conditions are known.

Comes in: `params.yaml: lab_speech`. Goes out: ``data/raw/<corpus>/manifest.csv`` and ``audio/*.flac``, laid out like
a corpus that people bring.
"""
