"""The lab's speech: synthesised corpora whose membership, speakers and recording conditions are known.

In: `params.yaml: lab_speech`. Out: ``data/raw/<corpus>/manifest.csv`` and ``audio/*.flac``, in the layout of a corpus
that people bring.
"""
