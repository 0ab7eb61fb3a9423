"""Looking after a salon's storage: backups, health, and the search index made anew."""

from collections.abc import Iterator
from os import PathLike, fspath

from salon_crm.domain.access import Actor, Permission
from salon_crm.domain.audit import AuditAction, AuditVerification
from salon_crm.domain.ids import RunId
from salon_crm.domain.maintenance import LARGE_LOG, BackupReport, Finding, HealthReport, Trouble, finding
from salon_crm.errors import InvalidValue, NotSupported
from salon_crm.ports.salon import Salon
from salon_crm.ports.store import Copyable, Maintainable, StoreHealth
from salon_crm.use_cases.access import PROFILE_SHOWN, use_case
from salon_crm.use_cases.audit import verify_audit
from salon_crm.use_cases.unit import unit_of_work

_MEGABYTE = 1024 * 1024


@use_case(Permission.MAINTAIN, Permission.EXPORT, shows=PROFILE_SHOWN, sliced=True, covers_locations=True)
def back_up_salon(salon: Salon, actor: Actor, path: str | PathLike[str], /) -> BackupReport:
    """Copy the whole salon to a new file while others read and write, and return what the copy holds.

    The copy is the salon at one moment, with everything in it: profiles, notes, blocks, the audit and the key
    of its marks. It appears under its name when it is whole and was checked. The audit records the start and
    the end of it. Raises InvalidValue where there is a file of that name or none can be made, NotPermitted,
    NotSupported, StoreError where no copy could be made.
    """
    target = _path(path)
    store: object = salon.store
    if not isinstance(store, Copyable):
        raise NotSupported("store-cannot", what="be backed up")
    backup_id = RunId(salon.ids.new_id())
    with unit_of_work(salon, actor) as unit:
        unit.record(AuditAction.BACKUP_STARTED, details={"backup": str(backup_id)})
    copy = store.backup(target)
    with unit_of_work(salon, actor) as unit:
        figures = {"customers": copy.customers, "head": copy.head.sequence}
        unit.record(AuditAction.BACKUP_ENDED, details={"backup": str(backup_id), **figures})
    return BackupReport(backup_id=backup_id, path=target, size=copy.size, customers=copy.customers, head=copy.head)


@use_case(Permission.MAINTAIN, Permission.VIEW_AUDIT, sliced=True)
def check_health(salon: Salon, actor: Actor, /) -> HealthReport:
    """Check the storage from end to end: its own consistency, the search index, the audit chain, its sizes.

    Changes nothing, and takes time in proportion to the salon. Raises NotPermitted, NotSupported, StoreError.
    """
    health = _maintainable(salon).health()
    audit = verify_audit(salon, actor)
    return HealthReport(
        size=health.size,
        log_size=health.log_size,
        schema=health.schema,
        schema_known=health.schema_known,
        search_sound=health.search_sound,
        audit=audit,
        findings=tuple(_findings(health, audit)),
    )


def _findings(health: StoreHealth, audit: AuditVerification) -> Iterator[Finding]:
    if health.damage:
        yield finding(Trouble.DAMAGED, what="; ".join(health.damage))
    if not health.search_sound:
        yield finding(Trouble.SEARCH_UNSOUND)
    if not audit.ok:
        yield finding(Trouble.CHAIN_BROKEN, sequence=audit.broken_at, why=audit.reason)
    if health.log_size > LARGE_LOG:
        yield finding(Trouble.LOG_LARGE, megabytes=health.log_size // _MEGABYTE)
    if health.schema != health.schema_known:
        yield finding(Trouble.SCHEMA_DIFFERS, found=health.schema, known=health.schema_known)


@use_case(Permission.MAINTAIN)
def rebuild_search(salon: Salon, actor: Actor, /) -> int:
    """Make the search index anew from the profiles, in one unit of work; return how many customers it holds.

    Other writers wait meanwhile. Raises NotPermitted, NotSupported, StoreError.
    """
    store = _maintainable(salon)
    with unit_of_work(salon, actor) as unit:
        customers = store.rebuild_search(unit.writing)
        unit.record(AuditAction.SEARCH_REBUILT, details={"customers": customers})
        return customers


def _path(value: object) -> str:
    """Return a path as text; raises InvalidValue for what is none."""
    path: object = None
    if isinstance(value, str | PathLike):
        try:
            path = fspath(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        except TypeError:  # its __fspath__ returns neither text nor bytes
            path = None
    if not isinstance(path, str):
        raise InvalidValue("wrong-type", field="path", expected="a path")
    return path


def _maintainable(salon: Salon) -> Maintainable:
    store: object = salon.store
    if not isinstance(store, Maintainable):
        raise NotSupported("store-cannot", what="be checked or rebuilt")
    return store
