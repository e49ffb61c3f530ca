"""What is stored beside the rows of a data set and read with them: vectors, maps, given names."""

from __future__ import annotations

import hashlib

from cascal.store import vectors
from cascal.store.file import WorkspaceFile

_LAYOUTS = """
SELECT encoder, parameters, max(created_at), count(*) FROM layout WHERE dataset = ?
GROUP BY encoder, parameters ORDER BY encoder, parameters
"""
_OWN_NAMES = """
SELECT about, name FROM note WHERE dataset = ? AND kind = 'cluster' AND name <> '' ORDER BY about
"""
_NAMES = "SELECT count(*), max(created_at) FROM cluster_name WHERE dataset = ?"


class Derived(WorkspaceFile):
    """What a `Workspace` says about all that was made from a data set and is read with it."""

    def derived_token(self, dataset: str) -> str:
        """A name for the present vectors, maps and given names; labels and runs do not change it.

        With the fingerprint of the rows it says whether a data set would be read as it was before.
        """
        with self._reading() as connection:
            parts = [
                vectors.encoders(connection, dataset),
                connection.execute(_LAYOUTS, [dataset]).fetchall(),
                connection.execute(_NAMES, [dataset]).fetchall(),
                connection.execute(_OWN_NAMES, [dataset]).fetchall(),
            ]
        return hashlib.sha256(repr(parts).encode()).hexdigest()
