"""Bringing in lists of bookings, in short transactions."""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from salon_crm.domain.access import Actor, Permission
from salon_crm.domain.blocks import in_force
from salon_crm.domain.bookings import BookingChange, BookingStatus
from salon_crm.domain.customers import Customer, Status
from salon_crm.domain.dates import DateOrder
from salon_crm.domain.ids import CustomerId, ExternalId, reads_as_id
from salon_crm.domain.privacy import IDENTITY, OPERATOR, field_classes
from salon_crm.domain.reading import read_switch
from salon_crm.domain.settings import Settings
from salon_crm.domain.text import clean_text
from salon_crm.domain.transfer.amounts import EVERY_READING, DecimalSign, signs_possible
from salon_crm.domain.transfer.booking_columns import (
    BOOKING_TARGETS,
    SINGLE_BOOKING_TARGETS,
    booking_columns_lacking,
    recognise_bookings,
)
from salon_crm.domain.transfer.booking_planner import (
    BookingDecision,
    BookingPlan,
    BookingPlanner,
    Items,
    KnownBookings,
    PlacedBooking,
)
from salon_crm.domain.transfer.booking_rows import BookingContext, ImportedBooking, read_booking
from salon_crm.domain.transfer.items import ItemsByName
from salon_crm.domain.transfer.planner import Outcome
from salon_crm.domain.transfer.reports import (
    BookingImportReport,
    ImportWarning,
    MissingItem,
)
from salon_crm.domain.transfer.times import day_part
from salon_crm.errors import InvalidValue
from salon_crm.ports.records import LOCATIONS, PACKAGES, SERVICES, STAFF_MEMBERS, Kind
from salon_crm.ports.salon import Salon
from salon_crm.ports.store import Reading
from salon_crm.ports.transfer import Source, TableReader, TableRow, Target
from salon_crm.use_cases.access import use_case
from salon_crm.use_cases.bookings.keeping import record_made, write_change
from salon_crm.use_cases.catalogue import WORDS
from salon_crm.use_cases.customers import form_context, set_status
from salon_crm.use_cases.facts import follow_bookings
from salon_crm.use_cases.importing import ImportRun, list_more
from salon_crm.use_cases.rewards.earning import settle_booking
from salon_crm.use_cases.tables import (
    SOURCE_LIMIT,
    Progress,
    Refused,
    check_progress,
    choose_format,
    date_order_of,
    handing_back,
    mapped_columns,
    readings_possible,
    refuse_same_file,
    remembering,
)
from salon_crm.use_cases.unit import Unit, unit_of_work


@use_case(
    Permission.IMPORT,
    Permission.MIRROR_BOOKINGS,
    shows=field_classes(IDENTITY, OPERATOR),
    sliced=True,
    covers_locations=True,
)
def import_bookings(
    salon: Salon,
    actor: Actor,
    source: Source,
    /,
    *,
    system: str | None = None,
    format: str | None = None,
    mapping: Mapping[str, str | None] | None = None,
    region: str | None = None,
    date_order: DateOrder | str | None = None,
    decimal_sign: DecimalSign | str | None = None,
    status: BookingStatus | str = BookingStatus.CONFIRMED,
    overwrite: bool = False,
    dry_run: bool = False,
    problems_to: Target | None = None,
    progress: Progress | None = None,
) -> BookingImportReport:
    """Bring in a list of bookings; good rows go in, bad rows are handed back with the reason.

    A row names its customer by our id, by the id ``system`` has, or by an e-mail or phone together with the name;
    its service, location, therapist and package by code, id or name. Nobody and nothing is created for it.
    Times are those of the location's clock, unless they state an offset. ``status`` (confirmed, pending or
    completed) is what a row is that states none; before its start nothing is completed. ``decimal_sign``
    (``.`` or ``,``) is needed where the file does not prove one. The rest as for `import_customers`.

    Bookings are facts: taken also for blocked customers and for what is no longer offered, which the report
    counts. A row is known again by its booking's id under ``system``, or else by who comes, for what and when.
    Brought in again, the list wins over what lists said before and not over what was done here since, unless
    ``overwrite``; an empty cell never clears. Running it again changes nothing, and finishes what was interrupted.

    Raises InvalidValue where nothing can be read of the source, NotPermitted, RuleBroken in a transaction.
    """
    read_switch(overwrite, "overwrite")
    read_switch(dry_run, "dry_run")
    check_progress(progress)
    refuse_same_file(source, problems_to)
    unstated = _unstated(status)
    with salon.reading() as reading:
        settings = reading.settings()
    with ExitStack() as opened:
        table = opened.enter_context(choose_format(salon, format).read(source))
        columns = _mapped(table.columns, mapping)
        run = _BookingImport(
            salon,
            actor,
            table,
            columns,
            context=BookingContext(
                system=clean_text(system or "list", "system", limit=SOURCE_LIMIT),
                region=form_context(salon, settings, region).region,
                currency=settings.currency,
                date_order=date_order_of(table, _places(table, columns, _TIMES), date_order, day_of=day_part),
                decimal_sign=_decimal_sign(table, _places(table, columns, ["price"]), decimal_sign, settings),
            ),
            unstated=unstated,
            overwrite=overwrite,
            dry_run=dry_run,
        )
        hand_back = opened.enter_context(handing_back(salon.formats["csv"], problems_to, table.columns))
        run.go(hand_back, progress, kind="bookings")
    return run.report()


_TIMES: Final = ("start", "date", "end", "arrived_at")
_UNSTATED: Final = (BookingStatus.CONFIRMED, BookingStatus.PENDING, BookingStatus.COMPLETED)


def _unstated(status: object) -> BookingStatus:
    if not isinstance(status, str) or status not in _UNSTATED:
        raise InvalidValue("not-a-choice", field="status", choices=_UNSTATED)
    return BookingStatus(status)


def _mapped(columns: tuple[str, ...], stated: Mapping[str, str | None] | None) -> dict[str, str | None]:
    """Return what each column becomes; raises InvalidValue where none says who comes, for what, or when."""
    recognised = recognise_bookings(columns)
    known = any(recognised.values())
    mapping = mapped_columns(
        columns,
        recognised,
        stated,
        targets=BOOKING_TARGETS,
        single=SINGLE_BOOKING_TARGETS,
        shows_columns=known,
    )
    if not any(mapping.values()):
        raise InvalidValue("file-no-header", field="source")
    lacking = booking_columns_lacking(mapping.values())
    if lacking:
        raise InvalidValue("file-lacks-columns", field="source", targets=lacking)
    return mapping


def _places(table: TableReader, mapping: Mapping[str, str | None], targets: Iterable[str]) -> list[int]:
    wanted = set(targets)
    return [place for place, column in enumerate(table.columns) if mapping.get(column) in wanted]


def _decimal_sign(
    table: TableReader, places: list[int], stated: DecimalSign | str | None, settings: Settings
) -> DecimalSign | None:
    """Return the sign before the decimals of the list's amounts: as stated, or the one the file itself proves.

    Raises InvalidValue, naming a column and line, where it could be either.
    """
    if stated is not None:
        if not isinstance(stated, str) or stated not in set(DecimalSign):
            raise InvalidValue("not-a-choice", field="decimal_sign", choices=tuple(DecimalSign))
        return DecimalSign(stated)
    possible, first = readings_possible(
        table, places, EVERY_READING, remembering(lambda cell: signs_possible(cell, settings.currency))
    )
    if first is None:
        return None
    column, line = first
    if not possible:
        raise InvalidValue("decimal-signs-mixed", field="decimal_sign", column=column, line=line)
    if len(possible) > 1:
        raise InvalidValue("decimal-sign-needed", field="decimal_sign", column=column, line=line)
    return next(iter(possible))


class _BookingImport(ImportRun[ImportedBooking]):
    """One run of an import of bookings."""

    def __init__(
        self,
        salon: Salon,
        actor: Actor,
        table: TableReader,
        mapping: Mapping[str, str | None],
        *,
        context: BookingContext,
        unstated: BookingStatus,
        overwrite: bool,
        dry_run: bool,
    ) -> None:
        super().__init__(salon, actor, table, mapping, system=context.system, dry_run=dry_run)
        self.context = context
        self.planner = BookingPlanner(
            system=context.system,
            overwrite=overwrite,
            unstated=unstated,
            by=actor.id,
            digest=salon.mark_key.digest,
        )
        self.activated = 0
        self.warned = Counter[str]()
        self.warnings: list[ImportWarning] = []

    def read(self, line: int, cells: dict[str, list[str]]) -> ImportedBooking:
        return read_booking(line, cells, self.context)

    def take(self, read: list[tuple[TableRow, ImportedBooking]], refused: list[Refused]) -> list[BookingDecision]:
        if self.dry_run:
            with self.salon.reading() as reading:
                decided = self._decide(reading, read, self.salon.now(), refused)
        else:
            with unit_of_work(self.salon, self.actor) as unit:
                decided = self._decide(unit.writing, read, unit.at, refused)
                self._do(unit, [plan for plan in decided if isinstance(plan, BookingPlan)])
            self.planner.forget_new()
        plans = [plan for plan in decided if isinstance(plan, BookingPlan)]
        self.activated += sum(plan.activates for plan in plans)
        warnings = [ImportWarning(plan.line, code, name) for plan in plans for name, code in plan.warned]
        self.warned.update(code for plan in plans for code in {code for _, code in plan.warned})
        list_more(self.warnings, warnings)
        return decided

    def _decide(
        self, reading: Reading, read: list[tuple[TableRow, ImportedBooking]], now: datetime, refused: list[Refused]
    ) -> list[BookingDecision]:
        """Decide what is to be done with each row, in order; refused ones join ``refused``."""
        items = _items(reading)
        placed: list[tuple[TableRow, PlacedBooking]] = []
        for row, imported in read:
            try:
                placed.append((row, self.planner.place(imported, items, now=now)))
            except InvalidValue as problem:
                refused.append((row, problem.problems))
        known = self._known(reading, [each for _, each in placed])
        decided: list[BookingDecision] = []
        for row, each in placed:
            try:
                decided.append(self.planner.plan(each, known, new_id=self.salon.ids.new_id, now=now))
            except InvalidValue as problem:
                refused.append((row, problem.problems))
        return decided

    def _known(self, reading: Reading, placed: list[PlacedBooking]) -> KnownBookings:
        """Return what the store holds that these rows may mean, in a handful of queries."""
        stated = {each.row.customer_id for each in placed if each.row.customer_id}
        ids = {CustomerId(UUID(each)) for each in stated if reads_as_id(each)}
        aliases = reading.aliases.get_many(ids)
        kept = {old: alias.customer_id for old, alias in aliases.items()}
        customers = reading.customers.get_many({kept.get(each, each) for each in ids})
        system = self.system
        by_external = reading.customers.by_key("external_id", {(system, each) for each in stated})
        by_contact = reading.customers.by_key("contact", {key for each in placed for key in each.row.contacts})
        people = {
            *customers,
            *(customer.id for held in (*by_external.values(), *by_contact.values()) for customer in held),
        }
        blocks = reading.blocks.of_customers(people)
        keys = {(each.key.system, each.key.id) for each in placed}
        bookings = {ExternalId(*pair): held[0] for pair, held in reading.bookings.by_key("external_id", keys).items()}
        changed = [booking.id for booking in bookings.values() if booking.version > 1]
        changes = reading.booking_changes.by_key("booking", changed) if changed else {}
        return KnownBookings(
            customers=customers,
            aliases=kept,
            by_external_id={ExternalId(*pair): held[0] for pair, held in by_external.items()},
            by_contact=by_contact,
            blocked=frozenset(each for each, held in blocks.items() if in_force(held)),
            bookings=bookings,
            moved=frozenset(own_id for own_id, made in changes.items() if any(change.move for change in made)),
        )

    def _do(self, unit: Unit, plans: list[BookingPlan]) -> None:
        """Keep what was decided of a slice, record it, and keep the facts of every customer it touches, once."""
        created = [plan for plan in plans if plan.outcome is Outcome.CREATED]
        unit.writing.bookings.add_many([plan.after for plan in created])
        activated: dict[CustomerId, Customer] = {}
        for plan in plans:
            if plan.outcome is Outcome.UNCHANGED:
                continue
            customer = activated.get(plan.customer.id, plan.customer)
            if plan.before is None:
                record_made(unit, customer, plan.after, self.details)
            else:
                change = BookingChange.of(plan.before, at=unit.at, by=unit.actor.id, move=None)
                write_change(unit, customer, plan.before, plan.after, change, self.details)
            if plan.activates:
                activated[customer.id] = set_status(unit, customer, Status.ACTIVE)
        changed = [plan for plan in plans if plan.outcome is not Outcome.UNCHANGED]
        follow_bookings(unit.writing, [(plan.before, plan.after) for plan in changed])
        for plan in changed:
            settle_booking(unit, plan.customer, plan.before, plan.after, gives=False)

    def report(self) -> BookingImportReport:
        """Return what became of the list."""
        return BookingImportReport(
            **self.told(),
            date_order=self.context.date_order,
            decimal_sign=self.context.decimal_sign,
            activated=self.activated,
            warned=dict(self.warned),
            warnings=tuple(self.warnings),
            missing=tuple(MissingItem(kind, name, count) for (kind, name), count in self.planner.missing.most_common()),
        )


def _items(reading: Reading) -> Items:
    """Return the whole catalogue, retired items too, as a list is read by it."""

    def of(kind: Kind[Any]) -> ItemsByName[Any]:
        found = getattr(reading, kind.name).by_key("retired", [False, True])
        return ItemsByName(WORDS[kind.name], (item for group in found.values() for item in group))

    return Items(
        services=of(SERVICES),
        locations=of(LOCATIONS),
        therapists=of(STAFF_MEMBERS),
        packages=of(PACKAGES),
        zone=reading.settings().zone,
    )
