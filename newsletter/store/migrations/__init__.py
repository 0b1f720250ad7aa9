"""The schema's history. A revision is written by hand; the test of `store.schema` prints what it must contain."""
