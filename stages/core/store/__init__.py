"""Files: atomic writes, JSON, tables, the row cache, versions of code."""
