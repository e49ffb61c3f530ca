"""What a reader wrote down: names and notes of clusters and queries, and bookmarks of views."""

from __future__ import annotations

from cascal.datatypes import CascalError
from cascal.store.connection import fetch
from cascal.store.file import WorkspaceFile
from cascal.store.reading import require
from cascal.store.records import Bookmark, Note, NoteKind, utc_now

MAX_TEXT = 2000
"""Characters of a note, and of the link of a bookmark."""
_NOTES = """
SELECT kind, about, name, text, members FROM note WHERE dataset = $dataset
ORDER BY created_at, kind, about
"""
_BOOKMARKS = "SELECT name, page, link FROM bookmark WHERE dataset = $dataset ORDER BY name"


class Noting(WorkspaceFile):
    """What a `Workspace` keeps of a reader's own words; no number depends on any of it."""

    def put_note(self, dataset: str, note: Note) -> None:
        """Store a note in place of the earlier one of the same thing."""
        _check_length("note", note.text)
        row = [dataset, note.kind, note.about, note.name, note.text, list(note.members), utc_now()]
        with self._writing() as connection:
            require(connection, dataset)
            connection.execute("INSERT OR REPLACE INTO note VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def notes(self, dataset: str) -> tuple[Note, ...]:
        """Every note, the oldest first."""
        with self._reading() as connection:
            require(connection, dataset)
            rows = fetch(connection, _NOTES, dataset=dataset).to_pylist()
        return tuple(Note(**{**row, "members": tuple(row["members"])}) for row in rows)

    def delete_note(self, dataset: str, kind: NoteKind, about: str) -> None:
        """Forget the note of one thing; nothing where it has none."""
        with self._writing() as connection:
            require(connection, dataset)
            connection.execute(
                "DELETE FROM note WHERE dataset = ? AND kind = ? AND about = ?",
                [dataset, kind, about],
            )

    def put_bookmark(self, dataset: str, bookmark: Bookmark) -> None:
        """Store a view by its name, in place of an earlier one of that name."""
        _check_length("link of a bookmark", bookmark.link)
        if not bookmark.name.strip():
            raise CascalError("The bookmark needs a name.", code="missing-value")
        row = [dataset, bookmark.name, bookmark.page, bookmark.link, utc_now()]
        with self._writing() as connection:
            require(connection, dataset)
            connection.execute("INSERT OR REPLACE INTO bookmark VALUES (?, ?, ?, ?, ?)", row)

    def bookmarks(self, dataset: str) -> tuple[Bookmark, ...]:
        """Every bookmark, by name."""
        with self._reading() as connection:
            require(connection, dataset)
            rows = fetch(connection, _BOOKMARKS, dataset=dataset).to_pylist()
        return tuple(Bookmark(**row) for row in rows)

    def delete_bookmark(self, dataset: str, name: str) -> None:
        """Forget a bookmark; nothing where there is none of that name."""
        with self._writing() as connection:
            require(connection, dataset)
            connection.execute(
                "DELETE FROM bookmark WHERE dataset = ? AND name = ?", [dataset, name]
            )


def _check_length(what: str, text: str) -> None:
    if len(text) > MAX_TEXT:
        raise CascalError(
            f"The {what} has {len(text):,} characters; at most {MAX_TEXT:,} are stored. "
            "Shorten it.",
            code="malformed-value",
        )
