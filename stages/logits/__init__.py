"""One teacher-forced forward per (clip or neighbour, instruction, role): token statistics and pooled embeddings."""
