"""Transcripts with times, one file for each form: subtitles, CTM, TextGrid, JSON."""
