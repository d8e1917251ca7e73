"""The revisions of the database, one module each.

A revision is written by hand and never changes once released. On SQLite it alters a table with
`op.batch_alter_table`; foreign keys are off meanwhile and checked at the end.
"""
