"""The database's shape, revision by revision. A released revision is never changed, and imports nothing of ours."""
