"""Bringing customer lists in and taking them out, in short transactions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Final

from salon_crm.domain.access import Actor, Permission
from salon_crm.domain.audit import AuditAction
from salon_crm.domain.blocks import in_force
from salon_crm.domain.criteria import EVERYBODY, CriteriaLike, Criterion, Order, OrderKey, Start, query_fingerprint
from salon_crm.domain.customers import FormContext
from salon_crm.domain.dates import DateOrder
from salon_crm.domain.ids import BlockId, CustomerId, ExternalId, RunId
from salon_crm.domain.reading import read_switch
from salon_crm.domain.text import clean_text
from salon_crm.domain.transfer import RowFingerprint
from salon_crm.domain.transfer.columns import EXPORT_COLUMNS, cells_of, export_cells, start_after
from salon_crm.domain.transfer.layouts import SINGLE_TARGETS, TARGETS, Recognised, recognise
from salon_crm.domain.transfer.planner import Change, Decision, Known, Planner
from salon_crm.domain.transfer.reports import ExportReport, Family, ImportReport
from salon_crm.domain.transfer.rows import ImportedRow, fingerprint_text, read_row
from salon_crm.errors import Conflict, InvalidValue, RuleBroken
from salon_crm.ports.salon import Salon
from salon_crm.ports.store import AuditQuery, Exportable, Reading
from salon_crm.ports.transfer import Source, TableReader, TableRow, Target
from salon_crm.use_cases.access import PROFILE_SHOWN, check_grant, use_case
from salon_crm.use_cases.blocks import MarksAhead, blocks_in_force, meet_blocks, start_block
from salon_crm.use_cases.criteria import checked_criteria
from salon_crm.use_cases.customers import MET_BY, form_context
from salon_crm.use_cases.importing import SLICE, ImportRun, list_more
from salon_crm.use_cases.notes import write_note
from salon_crm.use_cases.tables import (
    SOURCE_LIMIT,
    Progress,
    Refused,
    check_progress,
    choose_format,
    date_order_of,
    handing_back,
    mapped_columns,
    refuse_same_file,
)
from salon_crm.use_cases.unit import Unit, unit_of_work

NO_REASON: Final = "Blocked in the list that was imported."
_DATES: Final = ("birthday", "anniversary")


@use_case(Permission.IMPORT, sliced=True, covers_locations=True)
def import_customers(
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
    overwrite: bool = False,
    dry_run: bool = False,
    problems_to: Target | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Bring in a list of customers; good rows go in, bad rows are handed back with the reason.

    ``source`` is a path, bytes or a binary stream. ``system`` names where the list comes from: external
    ids and the fingerprints of rows without id and contact live under it; it defaults to the recognised
    layout's name, else to ``list``. ``mapping`` says what a column becomes (None: nothing) where the
    recognised meaning is not wanted. ``date_order`` (dmy, mdy, ymd) is needed where the file does not
    prove one. ``problems_to`` receives every refused row as it stood, with the reason added: correct it
    and import it again; a path comes into being only where a row was refused. ``dry_run`` decides every
    row and writes nothing. ``progress`` is called with the number of rows done.

    A row is matched by our id, by external id, or by an equal e-mail or phone with the same name; never
    by name alone. An empty cell never clears. Matched by our id the list wins, unless the profile changed
    after the export; matched otherwise it fills gaps, unless ``overwrite``. A block is set and never
    lifted. Running it again changes nothing, and finishes what was interrupted.

    Raises InvalidValue where nothing can be read of the source, NotPermitted, RuleBroken in a transaction.
    """
    read_switch(overwrite, "overwrite")
    read_switch(dry_run, "dry_run")
    check_progress(progress)
    refuse_same_file(source, problems_to)
    with salon.reading() as reading:
        settings = reading.settings()
    with ExitStack() as opened:
        table = opened.enter_context(choose_format(salon, format).read(source))
        recognised = _mapped(table.columns, mapping)
        _check_targets(salon, actor, recognised)
        order = date_order_of(table, _dates_of(table, recognised), date_order)
        plain = form_context(salon, settings, region)
        # where no date of the file depends on an order, any order reads them
        context = FormContext(plain.today, plain.region, order or DateOrder.DMY)
        run = _Import(
            salon,
            actor,
            table,
            recognised,
            system=clean_text(system or recognised.layout or "list", "system", limit=SOURCE_LIMIT),
            context=context,
            date_order=order,
            planner=Planner(overwrite=overwrite),
            dry_run=dry_run,
        )
        hand_back = opened.enter_context(handing_back(salon.formats["csv"], problems_to, table.columns))
        run.go(hand_back, progress)
    return run.report()


def _mapped(columns: tuple[str, ...], mapping: Mapping[str, str | None] | None) -> Recognised:
    """Return what each column becomes: as recognised, and as stated over it."""
    recognised = recognise(columns)
    merged = mapped_columns(
        columns,
        recognised.mapping,
        mapping,
        targets=TARGETS,
        single=SINGLE_TARGETS,
        shows_columns=recognised.names_customers,
    )
    found = Recognised(recognised.layout, merged)
    if not found.names_customers:
        raise InvalidValue("file-no-header", field="source")
    return found


def _dates_of(table: TableReader, recognised: Recognised) -> list[int]:
    return [place for place, column in enumerate(table.columns) if recognised.mapping.get(column) in _DATES]


_PERMISSION_OF: Final = {
    "status": Permission.CHANGE_STATUS,
    "blocked": Permission.CHANGE_BLOCKS,
    "note": Permission.CHANGE_NOTES,
    "alert_note": Permission.CHANGE_NOTES,
}


def _check_targets(salon: Salon, actor: Actor, recognised: Recognised) -> None:
    """Refuse a list that would do what the actor may not do by hand; raises NotPermitted."""
    for target in recognised.mapping.values():
        if target in _PERMISSION_OF:
            check_grant(salon, actor, _PERMISSION_OF[target], "import_customers")


class _Import(ImportRun[ImportedRow]):
    """One run of an import of customers."""

    def __init__(
        self,
        salon: Salon,
        actor: Actor,
        table: TableReader,
        recognised: Recognised,
        *,
        system: str,
        context: FormContext,
        date_order: DateOrder | None,
        planner: Planner,
        dry_run: bool,
    ) -> None:
        super().__init__(salon, actor, table, recognised.mapping, system=system, dry_run=dry_run)
        self.layout = recognised.layout
        self.context = context
        self.date_order = date_order
        self.planner = planner
        self._blocks_set: frozenset[BlockId] = frozenset()
        self.families: list[Family] = []
        self.family_rows = 0

    def read(self, line: int, cells: dict[str, list[str]]) -> ImportedRow:
        return read_row(line, cells, system=self.system, context=self.context)

    def take(self, read: list[tuple[TableRow, ImportedRow]], refused: list[Refused]) -> list[Decision]:
        prints = {imported.line: self._fingerprint(imported) for _, imported in read}
        if self.dry_run:
            with self.salon.reading() as reading:
                known = self._known(reading, [imported for _, imported in read], prints)
            plans = self._plan(read, known, prints, self.salon.now(), refused)
        else:
            with unit_of_work(self.salon, self.actor) as unit:
                known = self._known(unit.writing, [imported for _, imported in read], prints)
                plans = self._plan(read, known, prints, unit.at, refused)
                lost = self._do(unit, [plan for plan in plans if isinstance(plan, Change)], known, prints)
            refused += [(row, lost[imported.line]) for row, imported in read if imported.line in lost]
            plans = [plan for plan in plans if not (isinstance(plan, Change) and plan.row.line in lost)]
            self.planner.forget_new()
        families = [Family(plan.row.line, plan.family) for plan in plans if isinstance(plan, Change) and plan.family]
        self.family_rows += len(families)
        list_more(self.families, families)
        return plans

    def _fingerprint(self, row: ImportedRow) -> bytes | None:
        if row.is_known_by_itself:
            return None
        return self.salon.mark_key.digest("row", self.system, *fingerprint_text(row))

    def _known(self, reading: Reading, rows: list[ImportedRow], prints: Mapping[int, bytes | None]) -> Known:
        """Return what the store holds that these rows may mean, in a handful of queries."""
        ids = {row.id for row in rows if row.id is not None}
        aliases = reading.aliases.get_many(ids)
        kept = {aliases[each].customer_id if each in aliases else each for each in ids}
        by_id = reading.customers.get_many(kept)
        removed = {each for each in kept - by_id.keys() if reading.audit.select(AuditQuery(customer_id=each), 1)}
        pairs = {(each.system, each.id) for row in rows for each in row.external_ids}
        by_external = reading.customers.by_key("external_id", pairs)
        by_external_id = {ExternalId(*pair): held[0] for pair, held in by_external.items()}
        # an id says who a row is before a contact does
        unnamed = [row for row in rows if row.id is None and not any(e in by_external_id for e in row.external_ids)]
        contacts = {key for row in unnamed for key in row.contacts}
        by_contact = reading.customers.by_key("contact", contacts)
        wanted = [(self.system, digest) for digest in prints.values() if digest is not None]
        found = reading.fingerprints.get_many(wanted)
        printed = reading.customers.get_many(each.customer_id for each in found.values())
        matched = {
            *by_id,
            *printed,
            *(customer.id for held in (*by_external.values(), *by_contact.values()) for customer in held),
        }
        blocks, notes = reading.blocks.of_customers(matched), reading.notes.of_customers(matched)
        return Known(
            settings=reading.settings(),
            by_id=by_id,
            aliases={old: alias.customer_id for old, alias in aliases.items()},
            removed=frozenset(removed),
            by_external_id=by_external_id,
            by_contact=by_contact,
            by_fingerprint={each.digest: printed[each.customer_id] for each in found.values()},
            blocked=frozenset(each for each, held in blocks.items() if in_force(held)),
            notes={each: frozenset(note.text for note in held) for each, held in notes.items()},
        )

    def _plan(
        self,
        read: Iterable[tuple[TableRow, ImportedRow]],
        known: Known,
        prints: Mapping[int, bytes | None],
        added: datetime,
        refused: list[Refused],
    ) -> list[Decision]:
        """Decide what is to be done with each row, in order; refused ones join ``refused``."""
        plans: list[Decision] = []
        for row, imported in read:
            new_id, fingerprint = CustomerId(self.salon.ids.new_id()), prints[imported.line]
            try:
                plan = self.planner.plan(imported, known, new_id=new_id, added=added, fingerprint=fingerprint)
            except InvalidValue as problem:
                refused.append((row, problem.problems))
            else:
                self.planner.keep(plan, fingerprint)
                plans.append(plan)
        return plans

    def _do(
        self, unit: Unit, changes: list[Change], known: Known, prints: Mapping[int, bytes | None]
    ) -> dict[int, tuple[InvalidValue, ...]]:
        """Do what was decided of a slice; return why the store refused a line, where it did.

        All is done as a whole. Where something is refused, each row is done in a part of its own, so that
        one refused takes no other along.
        """
        try:
            with unit.part():
                self._do_all(unit, changes, known, prints)
        except (InvalidValue, Conflict, RuleBroken) as problem:
            if len(changes) > 1:
                return {line: why for each in changes for line, why in self._do(unit, [each], known, prints).items()}
            refused = InvalidValue(problem.code, field=problem.field, **problem.params)
            return {changes[0].row.line: problem.problems if isinstance(problem, InvalidValue) else (refused,)}
        return {}

    def _do_all(self, unit: Unit, changes: list[Change], known: Known, prints: Mapping[int, bytes | None]) -> None:
        created = [(plan.after, prints[plan.row.line]) for plan in changes if plan.before is None]
        unit.writing.customers.add_many([customer for customer, _ in created])
        unit.writing.fingerprints.add_many(
            [RowFingerprint(self.system, print_, customer.id) for customer, print_ in created if print_ is not None]
        )
        marks = MarksAhead(unit, {plan.after.id: plan.contacts for plan in changes})
        for plan in changes:
            self._do_one(unit, plan, marks, blocked=plan.after.id in known.blocked)

    def _do_one(self, unit: Unit, plan: Change, marks: MarksAhead, *, blocked: bool) -> None:
        """Record a new customer, or keep an edit; then meet blocks, set the row's own, and write its notes."""
        customer = plan.after
        if plan.before is None:
            fields = tuple(sorted(plan.row.values))
            unit.record(AuditAction.CUSTOMER_ADDED, customer, fields=fields, details=self.details)
        elif plan.fields:
            unit.writing.customers.save(customer, plan.before.version)
            unit.record(AuditAction.CUSTOMER_EDITED, customer, fields=plan.fields, details=self.details)
        changed = plan.before is None or MET_BY.intersection(plan.fields)
        if changed and (blocked or marks.meets(customer)):
            # our own export says of each of two namesakes whether they are blocked
            only_alert = self._blocks_set if plan.row.id is not None else frozenset[BlockId]()
            meet_blocks(unit, customer, new=plan.before is None, only_alert=only_alert)
            marks.add(customer)
        if plan.block and not blocks_in_force(unit.writing, customer):
            self._blocks_set |= {start_block(unit, customer, plan.row.block_reason or NO_REASON).origin}
            marks.add(customer)
        for text, alert in plan.notes:
            write_note(unit, customer, text, alert=alert)

    def report(self) -> ImportReport:
        """Return what became of the list."""
        return ImportReport(
            **self.told(),
            layout=self.layout,
            date_order=self.date_order,
            family_rows=self.family_rows,
            families=tuple(self.families),
        )


@use_case(Permission.EXPORT, shows=PROFILE_SHOWN, sliced=True, covers_locations=True)
def export_customers(
    salon: Salon,
    actor: Actor,
    target: Target,
    /,
    *,
    format: str = "csv",
    criteria: CriteriaLike = None,
    columns: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> ExportReport:
    """Take customers out to a file, those first added first.

    ``target`` is a path, which comes into being whole, or a binary stream. ``columns`` chooses from
    `EXPORT_COLUMNS`, all by default, in the order given. Cells that a spreadsheet would run are made safe
    and come back unchanged by `import_customers`. It is not one point in time: a customer changed
    meanwhile appears once, old or new; for a point in time, export from a backup. ``progress`` is called
    with the number of customers written.

    Raises InvalidValue, NotPermitted, RuleBroken in a transaction.
    """
    check_progress(progress)
    chosen = _choose_columns(columns)
    for name in chosen:
        check_grant(salon, actor, EXPORT_COLUMNS[name].permission, "export_customers")
    written, order, pick = 0, Order(OrderKey.ADDED), cells_of(chosen)
    export_id = RunId(salon.ids.new_id())
    with salon.reading() as reading:
        criterion = checked_criteria(salon, actor, reading, criteria, "export_customers")
    with choose_format(salon, format).write(target, chosen) as writer:
        with unit_of_work(salon, actor) as unit:
            details = {"export": str(export_id), "columns": " ".join(chosen)}
            asked = "" if criterion == EVERYBODY else query_fingerprint(salon.id, criterion, order)
            unit.record(AuditAction.EXPORT_STARTED, details={**details, "criteria": asked})
        for exported in _each_slice_of_cells(salon, criterion, order):
            for each in exported:
                writer.write(pick(each))
            written += len(exported)
            if progress is not None:
                progress(written)
    with unit_of_work(salon, actor) as unit:
        unit.record(AuditAction.EXPORT_ENDED, details={"export": str(export_id), "rows": written})
    return ExportReport(export_id=export_id, rows=written, columns=chosen)


def _choose_columns(columns: Iterable[str] | None) -> tuple[str, ...]:
    if columns is None:
        return tuple(EXPORT_COLUMNS)
    if isinstance(columns, str) or not isinstance(columns, Iterable):
        raise InvalidValue("wrong-type", field="columns", expected="a sequence of column names")
    chosen = tuple(dict.fromkeys(map(str, columns)))
    if not chosen or any(name not in EXPORT_COLUMNS for name in chosen):
        raise InvalidValue("not-a-choice", field="columns", choices=tuple(EXPORT_COLUMNS))
    return chosen


def _each_slice_of_cells(salon: Salon, criterion: Criterion, order: Order) -> Iterator[Sequence[Sequence[str]]]:
    """Walk all customers that match, in the order they were added, a short reading for each slice."""
    start: Start | None = None
    while True:
        with salon.reading() as reading:
            exported = _cells(reading, criterion, order, start)
        if exported:
            yield exported
        if len(exported) < SLICE:
            return
        start = start_after(exported[-1])


def _cells(reading: Reading, criterion: Criterion, order: Order, start: Start | None) -> Sequence[Sequence[str]]:
    """Return a slice of customers as cells: the store's own, or made of each customer and their block in force."""
    able: object = reading.customers
    if isinstance(able, Exportable):
        return able.export_rows(criterion, start, SLICE)
    customers = reading.customers.find(criterion, order, start, SLICE)
    blocks = reading.blocks.of_customers(customer.id for customer in customers)
    held = [in_force(blocks.get(customer.id, ())) for customer in customers]
    return [
        export_cells(customer, theirs[0] if theirs else None) for customer, theirs in zip(customers, held, strict=True)
    ]
