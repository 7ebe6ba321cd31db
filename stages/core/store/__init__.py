"""What lies on disk: files that appear whole, JSON, tables, the row cache, and versions of code."""
