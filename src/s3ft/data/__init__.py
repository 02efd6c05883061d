"""Rows: formats, readers, splits, records, and files that appear whole."""
