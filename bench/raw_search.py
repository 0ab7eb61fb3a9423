"""Searches written by hand over sqlite3: the floor that the library is measured by, and what else one might write.

Folding is `bench.reference`'s, so that all contenders answer the same question. Each returns the first fifty rows.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bench.customers import Person
from bench.reference import PAGE, Search, keys_of, read_search

Row = tuple[str, str, str | None, str]
Clause = tuple[str, list[str]]

_RARE = 2_000
"""A word found in fewer rows than this is rare: those are fetched and sorted."""

_MOST_TRIGRAMS = 4

_SCHEMA = """
CREATE TABLE customer (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL, name TEXT NOT NULL, email TEXT, phone TEXT NOT NULL,
  name_key TEXT NOT NULL, words TEXT NOT NULL, digits TEXT NOT NULL) STRICT;
CREATE TABLE gram (gram TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (gram, number)) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE terms USING fts5(text, content='', detail='none', tokenize='trigram case_sensitive 1');
"""
_COLUMNS = "id, name, email, phone"


class RawSearch:
    """One file with the best schema found, and three ways to search it."""

    def __init__(self, path: Path, persons: Iterable[Person]) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + _SCHEMA)
        self._connection.execute("BEGIN")
        for number, person in enumerate(persons):
            self._add(number, person)
        self._connection.execute("CREATE INDEX walk ON customer (name_key, id, words, digits)")
        self._connection.execute("COMMIT")
        self._connection.execute("ANALYZE")

    def _add(self, number: int, person: Person) -> None:
        keys = keys_of(person)
        row = (number, person.id, person.name, person.email, person.mobile, *keys[1:])
        self._connection.execute("INSERT INTO customer VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        text = f"{keys.words}\n{keys.digits}"
        self._connection.execute("INSERT INTO terms (rowid, text) VALUES (?, ?)", (number, text))
        grams = {(gram, number) for gram in _short_grams(keys.words)}
        self._connection.executemany("INSERT INTO gram VALUES (?, ?)", sorted(grams))

    def adaptive(self, text: str) -> list[Row]:
        """Fetch and sort what a rare word is in; walk the covering index in list order for a common one."""
        search = read_search(text)
        rare = self._rare(search)
        condition, values = _condition(search)
        if rare is None:
            places = f"SELECT number FROM customer WHERE {condition} ORDER BY name_key, id LIMIT {PAGE}"
            numbers = [number for (number,) in self._connection.execute(places, values)]
            condition, values = "1", []
        else:
            numbers = rare
        return self._page(f"number IN (SELECT value FROM json_each(?)) AND {condition}", [json.dumps(numbers), *values])

    def sort_all(self, text: str) -> list[Row]:
        """Let the full-text index find all, and sort them; what has fewer than three characters is looked for."""
        search = read_search(text)
        condition, values = _condition(search)
        match = _match(search)
        if match is None:
            return self._page(condition, values)
        return self._page(f"number IN (SELECT rowid FROM terms WHERE terms MATCH ?) AND {condition}", [match, *values])

    def like(self, text: str) -> list[Row]:
        """Look through everybody by LIKE, and sort."""
        condition, values = _condition(read_search(text), like=True)
        return self._page(condition, values, table="customer NOT INDEXED")

    def _page(self, condition: str, values: Sequence[str], *, table: str = "customer") -> list[Row]:
        sql = f"SELECT {_COLUMNS} FROM {table} WHERE {condition} ORDER BY name_key, id LIMIT {PAGE}"
        return self._connection.execute(sql, values).fetchall()

    def _rare(self, search: Search) -> list[int] | None:
        """Return the rows that may be meant, where they are few; None where they are many or nobody can tell."""
        match = _match(search)
        if match is not None:
            sql, value = "SELECT rowid FROM terms WHERE terms MATCH ? LIMIT ?", match
        else:
            short = [word for word in search.words if _is_short(word)]
            if not short:
                return None
            sql, value = "SELECT number FROM gram WHERE gram = ? LIMIT ?", max(short, key=len)
        found = [number for (number,) in self._connection.execute(sql, (value, _RARE))]
        return found if len(found) < _RARE else None

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _condition(search: Search, *, like: bool = False) -> Clause:
    conditions: list[str] = []
    values: list[str] = []
    for word in search.words:
        conditions.append(_holds("words", like))
        values.append(_sought(word, like))
    for run in search.runs:
        every = " AND ".join([_holds("words", like)] * len(run.words))
        conditions.append(f"({_holds('digits', like)} OR ({every}))")
        values += [_sought(part, like) for part in (run.digits, *run.words)]
    return " AND ".join(conditions) or "1", values


def _holds(column: str, like: bool) -> str:
    return f"{column} LIKE ? ESCAPE '\\'" if like else f"instr({column}, ?) > 0"


def _sought(text: str, like: bool) -> str:
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%" if like else text


def _match(search: Search) -> str | None:
    """Return the full-text query that finds all that may be meant, None where it would not narrow anything."""
    parts = [_trigrams(word) for word in search.words]
    for run in search.runs:
        digits, words = _trigrams(run.digits), [_trigrams(word) for word in run.words]
        known = " AND ".join(filter(None, words))
        parts.append(f"({digits} OR ({known}))" if digits and known else "")
    return " AND ".join(filter(None, parts)) or None


def _trigrams(word: str) -> str:
    """Return the query for a few trigrams of a word; each costs a list to walk, and all found are looked at again."""
    last = len(word) - 3
    places = [*range(0, last, 3), last][:_MOST_TRIGRAMS] if last >= 0 else []
    quoted = ('"' + word[place : place + 3].replace('"', '""') + '"' for place in places)
    return f"({' AND '.join(quoted)})" if places else ""


def _short_grams(words: str) -> Iterator[str]:
    """Give the one and two letters beside one another of scripts that write without spaces."""
    for word in words.split():
        for place in range(len(word)):
            for gram in (word[place], word[place : place + 2]):
                if _is_short(gram):
                    yield gram


def _is_short(word: str) -> bool:
    return len(word) <= 2 and all("\u3040" <= letter <= "\u9fff" or "\uac00" <= letter <= "\ud7a3" for letter in word)
