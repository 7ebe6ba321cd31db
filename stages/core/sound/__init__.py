"""Sound: decoding and encoding, pass-bands, codecs, levels, stretching."""
