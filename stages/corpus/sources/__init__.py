"""The layouts in which recordings arrive. One small file a layout, registered by name and imported here."""

from stages.corpus.sources import audio_files, manifest

__all__ = ["audio_files", "manifest"]
