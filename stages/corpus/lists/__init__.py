"""Lists of recordings: files in text form or Parquet whose rows name sounds, and what their columns and cells mean."""
