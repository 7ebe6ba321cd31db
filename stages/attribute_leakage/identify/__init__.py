"""Tell speakers apart by embeddings."""
