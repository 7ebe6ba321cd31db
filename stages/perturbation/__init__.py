"""Neighbours of every clip: the clip with a changed sound, a changed text, or another pairing of sound and text.

The stage reads ``data/corpus/<corpus>/clips.parquet`` and writes ``data/perturbation/<corpus>/neighbours.parquet``,
sorted by clip and neighbour. It keeps how a sound is made, not the sound: `stages.neighbours.sounds` renders it again.
"""
