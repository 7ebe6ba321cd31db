"""One teacher-forced forward per (clip or neighbour, instruction, role) gives token statistics and embeddings."""
