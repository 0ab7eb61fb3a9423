"""Opening a salon: the one place that chooses adapters."""

import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from os import PathLike, fspath
from os.path import exists
from typing import TYPE_CHECKING, Any, Final, Never, cast

from salon_crm.adapters.extras import needing
from salon_crm.adapters.system import SystemClock, SystemIds
from salon_crm.domain.access import DEFAULT_PERMISSIONS, Actor, PermissionTable, Role
from salon_crm.domain.audit import AuditAction
from salon_crm.domain.ids import IdLike, SalonId, parse_new_id
from salon_crm.domain.marks import KEY_BYTES, MarkKey, mix_secret
from salon_crm.domain.settings import check_settings, new_settings
from salon_crm.errors import Conflict, InvalidValue, NotFound, StoreError
from salon_crm.ports.salon import Salon
from salon_crm.ports.store import Reading, SalonRecord, Store
from salon_crm.ports.system import Clock, IdSource
from salon_crm.ports.transfer import CustomerFormat
from salon_crm.use_cases.audit import append, entry_of

if TYPE_CHECKING:
    from salon_crm.adapters.documents import Documents
    from salon_crm.adapters.postgres.source import Pool
    from salon_crm.domain.maintenance import MoveReport
    from salon_crm.use_cases.tables import Progress

    Place = str | PathLike[str] | Store | Pool

_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]+)://")
_OPENING: Final = Actor("opening", Role.SYSTEM)
_SHORTEST_SECRET: Final = 16
_POSTGRES: Final = ("postgresql", "postgres")
_LONGEST_NAME: Final = 63
"""Bytes of a name in PostgreSQL, which cuts a longer one off."""


def open_salon(
    where: "Place | None" = None,
    *,
    region: str | None = None,
    zone: str | None = None,
    currency: str | None = None,
    secret: str | bytes | None = None,
    migrate: bool | None = None,
    share: bool = False,
    salon_id: IdLike | None = None,
    schema: str | None = None,
    clock: Clock | None = None,
    ids: IdSource | None = None,
    formats: Mapping[str, CustomerFormat] | None = None,
    permissions: PermissionTable | None = None,
) -> Salon:
    """Open a salon, creating it where there is none yet.

    ``where`` is nothing for memory, a path for one SQLite file, a ``postgresql://`` URL, a
    `psycopg_pool.ConnectionPool` that stays yours, or a `Store` of your own.
    ``salon_id`` says which salon: a database holds many, and needs it; a file holds one, and is checked to be it.
    ``schema`` is where a database has the tables, else its search path says. ``region`` (two
    letters, ZZ for none), ``zone`` (IANA) and ``currency`` (ISO 4217) are needed to create a salon and
    are kept with it; at reopening they may be left out. ``secret`` (16 bytes or more) is mixed into the
    key that recognises blocked contacts: keep it outside the store, and give the same one every time.
    ``share`` allows a file with somebody else's tables; ``migrate=False`` refuses an older schema
    instead of bringing it up to date; the tables of a database are its owner's to make, by
    ``python -m salon_crm migrate``. ``clock``, ``ids``, ``formats`` and ``permissions`` replace the
    machine's clock, random ids, the file formats by name, and who may do what.

    Raises InvalidDocument naming each setting missing or wrong, Conflict where a setting or the secret
    differs from the salon's, StoreError where the store cannot be opened.
    """
    from salon_crm.adapters.formats.csv import CsvFormat  # 15 ms, which importing the library does without

    stated = {"region": region, "zone": zone, "currency": currency}
    host_secret = _check_secret(secret)
    _check_types(migrate=migrate, share=share, clock=clock, ids=ids, formats=formats, permissions=permissions)
    clock = SystemClock() if clock is None else clock
    ids = SystemIds() if ids is None else ids
    wanted = None if salon_id is None else SalonId(parse_new_id(salon_id, "salon_id"))
    store = _choose_store(where, wanted, schema, share=share, migrate=migrate, making=lambda: new_settings(**stated))
    try:
        wanted = _check_salon(wanted, getattr(store, "salon_id", None))  # a store need not be a `Store` by name
        with store.reading() as reading:
            record_found = reading.salon()
            if record_found is not None:
                _check_salon(wanted, record_found.id)
                _check_stated(stated, reading)
        if record_found is None:
            record_found = _create(store, stated, wanted, host_secret, clock, ids)
        mark_key = _check_key(record_found, host_secret)
    except BaseException:
        if store is not where:
            store.close()
        raise
    return Salon(
        salon_id=record_found.id,
        store=store,
        clock=clock,
        ids=ids,
        mark_key=mark_key,
        permissions=DEFAULT_PERMISSIONS if permissions is None else permissions,
        formats={"csv": CsvFormat(), **(formats or {})},
    )


def move_salon(
    source: "Place",
    target: "Place",
    *,
    salon_id: IdLike | None = None,
    schema: str | None = None,
    progress: "Progress | None" = None,
) -> "MoveReport":
    """Copy a whole salon from one place to another, compare both, and return what the new one holds.

    ``source`` and ``target`` are each a place that `open_salon` takes, but nothing for memory; the target is new, or
    what an interrupted move left, with which it goes on. Everything goes along: profiles, bookings, sales, the audit,
    the settings, the key of the marks. ``salon_id`` says which salon of a database, ``schema`` where databases have
    their tables. Nobody writes to the source meanwhile, and it stays as it is. The target is a salon that can be opened
    when all of it is there, and every field was compared. ``progress`` is called with the number of records done.

    Raises InvalidValue for a place that is none, NotFound where there is no salon to move, Conflict where the target
    holds another or something else, StoreBusy where somebody else writes, StoreError.
    """
    from salon_crm.use_cases.salons import copy_salon  # which opening does without
    from salon_crm.use_cases.tables import check_progress

    check_progress(progress)
    wanted = None if salon_id is None else SalonId(parse_new_id(salon_id, "salon_id"))
    _check_places(source, target, schema)
    with _opened(source, wanted, schema, name="source", making=_refuse_absent) as old:
        with old.reading() as reading:
            record = reading.salon()
        if record is None:
            _refuse_absent()
        wanted = _check_salon(wanted, record.id)
        with _opened(target, wanted, schema, name="target", making=lambda: None) as new:
            return copy_salon(old, new, progress)


def _check_places(source: "Place | None", target: "Place | None", schema: str | None) -> None:
    from salon_crm.use_cases.tables import are_one_file

    for name, place in (("source", source), ("target", target)):
        if place is None:
            raise InvalidValue("wrong-type", field=name, expected="a path, a postgresql:// URL or a Store")
    if source is target or are_one_file(source, target):
        raise InvalidValue("wrong-type", field="target", expected="another place than the source")
    if schema is not None and not (_in_database(source) or _in_database(target)):
        raise InvalidValue("wrong-type", field="schema", expected="None, unless one is a postgresql:// URL")


@contextmanager
def _opened(
    place: "Place",
    salon_id: SalonId | None,
    schema: str | None,
    *,
    name: str,
    making: Callable[[], object],
) -> Generator[Store]:
    """Open a place to move from or to; a store that the host opened is left open."""
    store = _choose_store(place, salon_id, schema if _in_database(place) else None, name=name, making=making)
    try:
        yield store
    finally:
        if store is not place:
            store.close()


def _refuse_absent() -> Never:
    raise NotFound("salon-absent", field="source")


def _check_types(
    *, migrate: object, share: object, clock: object, ids: object, formats: object, permissions: object
) -> None:
    """Refuse what callers who run no type checker may hand over, before anything is created."""

    def offers(thing: object, *names: str) -> bool:
        return all(callable(getattr(thing, name, None)) for name in names)

    def are_formats(thing: object) -> bool:
        if not isinstance(thing, Mapping):
            return False
        named = cast("Mapping[object, object]", thing)
        return all(isinstance(name, str) and offers(one, "read", "write") for name, one in named.items())

    wrong = {
        "migrate": None if migrate is None or isinstance(migrate, bool) else "True, False or None",
        "share": None if isinstance(share, bool) else "True or False",
        "clock": None if clock is None or offers(clock, "now") else "a Clock",
        "ids": None if ids is None or offers(ids, "new_id", "key_bytes") else "an IdSource",
        "formats": None if formats is None or are_formats(formats) else "a mapping of names to CustomerFormat",
        "permissions": None if permissions is None or isinstance(permissions, PermissionTable) else "a PermissionTable",
    }
    for name, expected in wrong.items():
        if expected is not None:
            raise InvalidValue("wrong-type", field=name, expected=expected)


def _check_salon(wanted: SalonId | None, found: SalonId | None) -> SalonId | None:
    """Return which salon it is, where that is said; raises Conflict where it is another."""
    if wanted is not None and found is not None and wanted != found:
        raise Conflict("salon-exists", field="salon_id", field_name="id", current=str(found))
    return found if wanted is None else wanted


def _choose_store(
    where: "Place | None",
    salon_id: SalonId | None,
    schema: str | None,
    *,
    share: bool = False,
    migrate: bool | None = None,
    making: Callable[[], object],
    name: str = "where",
) -> Store:
    """Return the store that ``where`` means; ``making`` is called before a file is made, and can refuse it."""
    if _in_database(where):
        return _open_database(cast("str | Pool", where), salon_id, schema, share=share, migrate=migrate)
    if schema is not None:
        raise InvalidValue("wrong-type", field="schema", expected="None, unless a salon in PostgreSQL is opened")
    if where is None:
        from salon_crm.adapters.memory import MemoryStore

        return MemoryStore()
    if isinstance(where, str | PathLike):
        try:
            path: object = fspath(where)
        except TypeError:  # its __fspath__ returns neither text nor bytes
            path = None
        url = _URL.match(where) if isinstance(where, str) else None
        if url:
            raise InvalidValue("url-unsupported", field=name, scheme=url.group(1))
        if not isinstance(path, str) or path == ":memory:":  # to SQLite that is one database for each connection
            raise InvalidValue("wrong-type", field=name, expected="a path, a Store, or nothing for memory")
        if not exists(path):  # noqa: PTH110 -- never raises, whatever the text
            making()  # before there is a file, so that a refusal leaves none behind
        from salon_crm.adapters.sqlite import SQLiteStore  # with sqlite3, which a host of another store never needs

        return SQLiteStore(path, share=share, migrate=migrate)
    if not callable(getattr(where, "reading", None)) or not callable(getattr(where, "writing", None)):
        raise InvalidValue("wrong-type", field=name, expected="a path, a Store, or None for memory")
    return cast("Store", where)


def _in_database(where: object) -> bool:
    """Return whether a place is a database that many salons share: a URL of one, or a pool of connections to it."""
    url = _URL.match(where) if isinstance(where, str) else None
    return url.group(1) in _POSTGRES if url else callable(getattr(where, "getconn", None))


def _open_database(
    where: "str | Pool", salon_id: SalonId | None, schema: str | None, *, share: bool, migrate: bool | None
) -> Store:
    if salon_id is None:
        hint = "A database holds many salons: make an id once, such as uuid.uuid4(), keep it, and give it every time."
        raise InvalidValue("required", field="salon_id", hint=hint)
    if migrate or share:
        expected = "left out: a database's tables are made by python -m salon_crm migrate"
        raise InvalidValue("wrong-type", field="migrate" if migrate else "share", expected=expected)
    if schema is not None and not _is_name(schema):
        raise InvalidValue("wrong-type", field="schema", expected="the name of a schema")
    with needing("psycopg", extra="postgres", what="A salon in PostgreSQL"):
        from salon_crm.adapters.postgres import PostgresStore  # with psycopg, which only these salons need
    return PostgresStore(where, salon_id=salon_id, schema=schema)


def _is_name(name: object) -> bool:
    """Return whether a schema can have this name; what is printable can be encoded, and holds no NUL."""
    return isinstance(name, str) and name.isprintable() and 0 < len(name.encode()) <= _LONGEST_NAME


def _check_secret(secret: object) -> bytes | None:
    if secret is None:
        return None
    as_bytes = secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else secret
    if not isinstance(as_bytes, bytes) or len(as_bytes) < _SHORTEST_SECRET:
        raise InvalidValue("wrong-type", field="secret", expected=f"text or bytes, {_SHORTEST_SECRET} or more")
    return as_bytes


def _check_stated(stated: Mapping[str, Any], reading: Reading) -> None:
    settings = reading.settings()
    checked = check_settings({name: value for name, value in stated.items() if value is not None})
    for name, value in checked.items():
        current = getattr(settings, name)
        if value != current:
            raise Conflict("salon-exists", field=name, field_name=name, current=current)


def _create(
    store: Store,
    stated: Mapping[str, Any],
    salon_id: SalonId | None,
    secret: bytes | None,
    clock: Clock,
    ids: IdSource,
) -> SalonRecord:
    settings = new_settings(**stated)
    with store.writing() as writing:
        found = writing.salon()  # another process may have been faster
        if found is not None:
            _check_salon(salon_id, found.id)
            _check_stated(stated, writing)
            return found
        if writing.audit.head() is not None:
            raise StoreError("move-unfinished")
        now, mark_key = clock.now(), ids.key_bytes(KEY_BYTES)
        drawn = SalonId(ids.new_id())  # also where another is wanted: the ids that follow are the same in every store
        created = SalonRecord(salon_id or drawn, now, mark_key, mix_secret(mark_key, secret).check)
        writing.create_salon(created, settings)
        details = {"salon": str(created.id), "region": settings.region, "zone": settings.zone}
        details["currency"] = settings.currency
        append(writing, [entry_of(now=now, actor=_OPENING, action=AuditAction.SALON_CREATED, details=details)])
        return created


def _check_key(salon: SalonRecord, secret: bytes | None) -> MarkKey:
    key = mix_secret(salon.mark_key, secret)
    if key.check != salon.key_check:
        raise Conflict("secret-differs", field="secret", hint="" if secret else ", and none was given")
    return key


def to_document(thing: object) -> dict[str, Any]:
    """Return an object that a use case returned as a document: JSON types under stable keys.

    The document of a customer holds nothing its customer may not see. Raises InvalidValue for anything else.
    """
    return _documents().to_document(thing)


def from_document(document: object) -> Any:
    """Return the object that `to_document` made a document of.

    Nothing is converted on the way: a number is no text, and an unknown key is refused. Raises
    InvalidDocument with the path of each problem, and never a value.
    """
    return _documents().from_document(document)


@lru_cache(maxsize=1)
def _documents() -> "Documents":
    from salon_crm.adapters.documents import Documents  # with cattrs, which most hosts never need
    from salon_crm.use_cases.documented import DOCUMENTED  # with every concept

    return Documents(DOCUMENTED)
