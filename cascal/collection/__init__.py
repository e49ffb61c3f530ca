"""Queries and responses that do not exist yet: task files, generating, collecting, filtering."""
