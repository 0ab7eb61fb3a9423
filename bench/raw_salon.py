"""A salon's file written by hand: the rows the library writes, in the library's own tables, over bare sqlite3.

It is the floor for import and for single writes. What it writes is compared with what the library wrote, and the
library checks it from end to end, rows, search index and audit chain, and searches it.
"""

import hmac
import json
import os
import re
import sqlite3
import time
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from hashlib import sha256
from operator import add
from pathlib import Path
from typing import Any, NamedTuple

from bench.reference import fold

BY, ROLE = "olga", "owner"

_REPEATED = re.compile(r"([0-9])\1{5,}$")
_CHUNK = 400
_UNSET: dict[str, Any] = {
    **dict.fromkeys(
        "first_name last_name email email_key mobile mobile_valid mobile_extension birthday anniversary gender "
        "referral_source address_lines city subdivision postal_code country language zone preferences".split()
    ),
    **dict.fromkeys("other_emails other_phones external_ids former_names former_emails former_phones".split(), "[]"),
    "contact_declined": 0,
    "status": "active",
    "version": 1,
}


_NOTHING_KNOWN = {
    "name_key": "?",
    "customer_id": "?",
    "added": "?",
    "status": "'active'",
    "gender": "NULL",
    "last_visit": "NULL",
}
"""What the list says of a customer who never came, beside noughts."""


class NewCustomer(NamedTuple):
    """A checked row, and what follows from it: everything is worked out once."""

    name: str
    key: str
    """What the list is sorted by."""
    words: str
    """What the name is compared by."""
    email: str | None
    mobile: str
    valid: bool
    """Whether the mobile is assigned."""
    spellings: str
    """The digits the mobile may be looked for by."""
    contacts: tuple[str, ...]
    """What the customer is recognised by."""
    birthday: str | None

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that are filled, sorted."""
        return tuple(name for name in ("birthday", "email", "mobile", "name") if getattr(self, name) is not None)

    @property
    def searched(self) -> str:
        """The text the customer is found by."""
        return f"{self.key}\n{self.email}" if self.email else self.key


def new_customer(name: str, email: str | None, phone: tuple[str, bool, str], birthday: str | None) -> NewCustomer:
    """Return a row of checked values; the e-mail is its own key, as one without upper case is."""
    mobile, valid, spellings = phone
    contacts = tuple(key for key in (mobile if not _REPEATED.search(mobile) else None, email) if key)
    return NewCustomer(name, name_key(name), name_words(name), email, mobile, valid, spellings, contacts, birthday)


Entry = tuple[str, str | None, int | None, tuple[str, ...], str]
"""An action, the customer and version it led to, the fields that changed, and details as JSON with sorted keys."""


def new_id() -> str:
    """Return a time-ordered UUID as text."""
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    number = number & ~(0xF << 76) & ~(0x3 << 62) | 7 << 76 | 2 << 62
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def name_key(name: str) -> str:
    """Return what a name is sorted by."""
    return " ".join(map(_folded, name.split()))


def name_words(name: str) -> str:
    """Return the words a person is told apart by, in one order."""
    return " ".join(sorted(word for part in name.split() for word in _spelled(part).replace(",", " ").split()))


@lru_cache(maxsize=65_536)
def _folded(word: str) -> str:
    return word.lower() if word.isascii() else fold(word)


@lru_cache(maxsize=65_536)
def _spelled(word: str) -> str:
    """Fold a word, and keep the marks of scripts that spell with them."""
    if word.isascii():
        return word.lower()
    kept: list[str] = []
    base = ""
    for character in unicodedata.normalize("NFKD", word.casefold()):
        if not unicodedata.category(character).startswith("M"):
            base = character
            kept.append(fold(character) if character < "\u0530" or character in "’־" else character)
        elif base >= "\u0530" and not "\u064b" <= character <= "\u065f":
            kept.append(character)
    return unicodedata.normalize("NFKC", "".join(kept))


class RawSalon:
    """A connection to a salon's file that the library made, as durable as the library's own."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, timeout=0)
        for pragma in ("foreign_keys = ON", "synchronous = FULL", "secure_delete = ON"):
            self.connection.execute(f"PRAGMA {pragma}")
        self._key: bytes = self.connection.execute("SELECT mark_key FROM crm_salon").fetchone()[0]
        self._columns = [row[1] for row in self.connection.execute("PRAGMA table_info(crm_customers)")]
        self._panel_columns = [row[1] for row in self.connection.execute("PRAGMA table_info(crm_customer_panel)")]

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    def head(self) -> tuple[int, bytes]:
        """Return the sequence and digest the audit ends with."""
        sql = "SELECT sequence, digest FROM crm_audit ORDER BY sequence DESC LIMIT 1"
        sequence, digest = self.connection.execute(sql).fetchone()
        return sequence, digest

    def holders(self, contacts: Iterable[str]) -> dict[str, set[str]]:
        """Return, by contact, the names of everybody who has it."""
        found: dict[str, set[str]] = {}
        for part in _chunks(sorted(contacts)):
            sql = (
                "SELECT c.value, n.value FROM crm_customer_keys c JOIN crm_customer_keys n ON n.customer_id = "
                f"c.customer_id AND n.kind = 'name' WHERE c.kind = 'contact' AND c.value IN ({_marks(part)})"
            )
            for contact, words in self.connection.execute(sql, part):
                found.setdefault(contact, set()).add(words)
        return found

    def meets_blocks(self, customers: Iterable[NewCustomer]) -> bool:
        """Whether any contact of these people is marked; none is marked with a name and not without."""
        digests = [self._digest(contact) for customer in customers for contact in customer.contacts]
        sql = "SELECT 1 FROM crm_marks WHERE digest IN ({}) LIMIT 1"
        return any(self.connection.execute(sql.format(_marks(part)), part).fetchone() for part in _chunks(digests))

    def _digest(self, contact: str) -> bytes:
        return hmac.digest(self._key, f"contact/1\x1f{len(contact)}:{contact}".encode(), "sha256")

    def add(self, customers: Sequence[NewCustomer], now: datetime, details: str = "{}") -> list[str]:
        """Write new customers with their keys and an entry of the audit each; return their ids."""
        ids = [new_id() for _ in customers]
        instant = _instant(now)
        rows = [self._row(own_id, customer, instant) for own_id, customer in zip(ids, customers, strict=True)]
        sql = f"INSERT INTO crm_customers ({', '.join(self._columns)}) VALUES ({_marks(self._columns)})"
        self.connection.executemany(sql, rows)
        self._add_keys(zip(ids, customers, strict=True))
        self._list(zip(ids, customers, strict=True), instant)
        self._index(zip(ids, customers, strict=True))
        self.record(
            now,
            [("customer-added", own_id, 1, each.fields, details) for own_id, each in zip(ids, customers, strict=True)],
        )
        return ids

    def _row(self, own_id: str, customer: NewCustomer, instant: str) -> list[Any]:
        values = {
            **_UNSET,
            "id": own_id,
            "added": instant,
            "name": customer.name,
            "email": customer.email,
            "email_key": customer.email,
            "mobile": customer.mobile,
            "mobile_valid": int(customer.valid),
            "mobile_extension": "",
            "birthday": customer.birthday,
            "name_key": customer.key,
        }
        return [values[column] for column in self._columns]

    def _add_keys(self, customers: Iterable[tuple[str, NewCustomer]]) -> None:
        """Write what customers are recognised by, in the order of the table."""
        keys = sorted(
            key
            for own_id, customer in customers
            for key in (
                *(("contact", contact, own_id) for contact in customer.contacts),
                ("name", customer.words, own_id),
            )
        )
        sql = "INSERT INTO crm_customer_keys (kind, value, customer_id) VALUES (?, ?, ?)"
        self.connection.executemany(sql, keys)

    def _list(self, customers: Iterable[tuple[str, NewCustomer]], instant: str) -> None:
        """Write the list of names with what panels ask: of somebody new, that nothing is known yet."""
        rows = sorted((customer.key, own_id) for own_id, customer in customers)
        values = ", ".join(_NOTHING_KNOWN.get(column, "0") for column in self._panel_columns)
        sql = f"INSERT INTO crm_customer_panel ({', '.join(self._panel_columns)}) VALUES ({values})"
        self.connection.executemany(sql, [(*row, instant) for row in rows])

    def _index(self, customers: Iterable[tuple[str, NewCustomer]]) -> None:
        """Write the rows that customers are found by, in list order, and the pieces of their text."""
        named = sorted((customer.key, own_id, customer) for own_id, customer in customers)
        rows: list[tuple[Any, ...]] = []
        pieces: list[tuple[int, str]] = []
        places: dict[int, int] = {}
        for key, own_id, customer in named:
            group = int.from_bytes(key.encode()[:4].ljust(4, b"\0")) << 22
            place = places[group] = (places[group] if group in places else self._last_place(group)) + 1
            rows.append((place, own_id, key, "active", customer.searched, customer.spellings))
            pieces.append((place, " ".join(_pieces(customer.searched, customer.spellings))))
        columns = "place, customer_id, name_key, status, words, digits"
        self.connection.executemany(f"INSERT INTO crm_customer_search ({columns}) VALUES (?, ?, ?, ?, ?, ?)", rows)
        self.connection.executemany("INSERT INTO crm_customer_pieces (rowid, pieces) VALUES (?, ?)", pieces)

    def _last_place(self, group: int) -> int:
        sql = "SELECT max(place) FROM crm_customer_search WHERE place BETWEEN ? AND ?"
        (place,) = self.connection.execute(sql, (group, group + (1 << 22) - 1)).fetchone()
        return group - 1 if place is None else place

    def edit_preferences(self, customer_id: str, text: str, now: datetime) -> None:
        """Change what a customer prefers, with an entry of the audit."""
        sql = "UPDATE crm_customers SET preferences = ?, version = version + 1 WHERE id = ? RETURNING version"
        [(version,)] = self.connection.execute(sql, (text, customer_id)).fetchall()
        self.record(now, [("customer-edited", customer_id, version, ("preferences",), "{}")])

    def add_note(self, customer_id: str, text: str, now: datetime) -> None:
        """Write a note about a customer, with an entry of the audit."""
        sql = "SELECT version FROM crm_customers WHERE id = ?"
        [(version,)] = self.connection.execute(sql, (customer_id,)).fetchall()
        note = new_id()
        row = (note, customer_id, text, 0, _instant(now), BY, None, None, 1)
        self.connection.execute(f"INSERT INTO crm_notes VALUES ({_marks(row)})", row)
        self.record(now, [("note-added", customer_id, version, (), f'{{"alert":false,"note":"{note}"}}')])

    def record(self, now: datetime, entries: Iterable[Entry]) -> None:
        """Append to the audit."""
        sequence, digest = self.head()
        plain, instant = now.isoformat(), _instant(now)
        rows: list[tuple[Any, ...]] = []
        for action, own_id, version, fields, details in entries:
            sequence += 1
            names = _json_list(fields)
            customer = "null" if own_id is None else f'"{own_id}"'
            covered = (
                f'salon_crm audit 1\n{{"action":"{action}","at":"{plain}","by":"{BY}","customer_id":{customer},'
                f'"details":{details},"fields":{names},"recorded":"{plain}","role":"{ROLE}","sequence":{sequence},'
                f'"version":{"null" if version is None else version}}}'
            )
            digest = sha256(digest + covered.encode()).digest()
            row = (sequence, instant, instant, BY, ROLE, action, own_id, version, names, details, digest)
            rows.append(row)
        self.connection.executemany(f"INSERT INTO crm_audit VALUES ({_marks(range(11))})", rows)


def _pieces(words: str, digits: str) -> set[str]:
    """Return every one, two and three neighbouring characters of words, and three of phones."""
    found: set[str] = set()
    for word in words.split():
        found.update(word)
        found.update(map(add, word, word[1:]))
        found.update(word[place : place + 3] for place in range(len(word) - 2))
    for number in digits.split():
        found.update(number[place : place + 3] for place in range(len(number) - 2))
    return found


@cache
def _json_list(fields: tuple[str, ...]) -> str:
    return json.dumps(fields, separators=(",", ":"))


def now() -> datetime:
    """Return this instant."""
    return datetime.now(UTC)


def _instant(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _chunks(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
