"""What looking somebody up costs and misses without us: a LIKE over the same file."""

from pathlib import Path
from types import TracebackType
from typing import Final, Self

from salon_crm.adapters.sqlite.connection import SQLiteConnection, ours

_COLUMNS: Final = ("name", "email", "mobile")
_ANY: Final = " OR ".join(f"{column} LIKE ? ESCAPE '\\'" for column in _COLUMNS)


class LikeScan:
    """A scan of a salon's file for a text in the name, the e-mail or the mobile, as applications usually write it.

    It reads the tables beside the library and writes nothing. ``%`` and ``_`` in the text stand for themselves.
    Raises StoreError where the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        with ours():
            self._connection = SQLiteConnection(f"{path.absolute().as_uri()}?mode=ro")
        self._connection.read_only = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def first(self, text: str, limit: int) -> list[str]:
        """Return the ids of the first customers in name order."""
        sql = f"SELECT id FROM crm_customers WHERE {_ANY} ORDER BY name, id LIMIT ?"
        return [own_id for (own_id,) in self._connection.rows(sql, [*_patterns(text), limit])]

    def everybody(self, text: str) -> frozenset[str]:
        """Return the ids of all customers it finds."""
        rows = self._connection.rows(f"SELECT id FROM crm_customers WHERE {_ANY}", _patterns(text))
        return frozenset(own_id for (own_id,) in rows)


def _patterns(text: str) -> list[str]:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return [f"%{escaped}%"] * len(_COLUMNS)
