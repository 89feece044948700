"""Ringplan's gateway: reads people's calendars and keeps a PBX's diversions in step with them.

Everything importable is below this package, in the rows that `docs/architecture.md` draws; a module imports from
rows below its own only. Nothing is done at import.
"""
