"""FiMMIA's learned attack (arXiv 2512.02786), on the differences of a target's output between a clip and neighbours."""
