"""Make what lies behind links to folders visible to DVC, which does not look there itself.

In come the folders ``data/raw/<corpus>/``; out goes ``data/links/<corpus>.json``, which the stage `corpus` depends on
beside the folder: path, size and content hash of every file that a link to a folder leads to.
"""
