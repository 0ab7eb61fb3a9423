"""Who may do what: actors, roles, permissions, and the table that says which role has which.

The table is data, declared here and replaceable per salon (``open_salon(permissions=…)``). Each use
case declares the permission it needs (`salon_crm.use_cases.access`). The grant is looked up before
anything is read; a scope such as ``own`` is checked inside the unit of work.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

from salon_crm.domain.ids import CustomerId, IdLike, LocationId, parse_id
from salon_crm.domain.privacy import OPERATOR, classed
from salon_crm.errors import InvalidValue


class Role(StrEnum):
    """What somebody is to the salon."""

    OWNER = "owner"
    ADMIN = "admin"
    MANAGER = "manager"
    STAFF = "staff"
    RECEPTIONIST = "receptionist"
    CUSTOMER = "customer"
    SYSTEM = "system"


class Permission(StrEnum):
    """What a use case, a criterion, an order or a column needs."""

    VIEW_CUSTOMERS = "customers.view"
    SEARCH_CUSTOMERS = "customers.search"
    ADD_CUSTOMERS = "customers.add"
    EDIT_CUSTOMERS = "customers.edit"
    REMOVE_CUSTOMERS = "customers.remove"
    CHANGE_STATUS = "customers.status"
    FORGET_FORMER = "customers.forget-former"
    VIEW_BLOCKS = "blocks.view"
    CHANGE_BLOCKS = "blocks.change"
    VIEW_NOTES = "notes.view"
    CHANGE_NOTES = "notes.change"
    VIEW_CATALOGUE = "catalogue.view"
    CHANGE_CATALOGUE = "catalogue.change"
    ASK_BOOKING = "bookings.ask"
    VIEW_BOOKINGS = "bookings.view"
    LIST_BOOKINGS = "bookings.list"
    BOOK = "bookings.book"
    MOVE_BOOKINGS = "bookings.move"
    MIRROR_BOOKINGS = "bookings.mirror"
    VIEW_SALES = "sales.view"
    RECORD_SALES = "sales.record"
    REFUND_SALES = "sales.refund"
    VIEW_POINTS = "rewards.view"
    REDEEM_POINTS = "rewards.redeem"
    ADD_POINTS = "rewards.add"
    CHANGE_POINTS = "rewards.change"
    EXPIRE_POINTS = "rewards.expire"
    MATCH_DUPLICATES = "duplicates.match"
    IMPORT = "transfer.import"
    EXPORT = "transfer.export"
    VIEW_AUDIT = "audit.view"
    MAINTAIN = "maintenance.use"
    VIEW_SETTINGS = "settings.view"
    CHANGE_SETTINGS = "settings.change"


class Scope(StrEnum):
    """A limit on a grant that needs data to be checked."""

    OWN = "own"
    """Only the profile of the actor themselves."""
    CAP = "cap"
    """As many points a day as the rewards programme lets the role give."""


@frozen(field_transformer=classed)
class Grant:
    """A permission given, within ``scopes`` where there are any."""

    scopes: frozenset[Scope] = field(default=frozenset(), metadata=OPERATOR)


_YES: Final = Grant()
_OWN: Final = Grant(frozenset({Scope.OWN}))
_CAPPED: Final = Grant(frozenset({Scope.CAP}))


def _role(value: Role | str) -> Role:
    if not isinstance(value, str) or value not in set(Role):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidValue("not-a-choice", field="role", choices=tuple(Role))
    return Role(value)


@frozen(field_transformer=classed)
class Actor:
    """Who does a thing: a staff member with a role, the customer themselves, or a job of the system.

    ``id`` is the host's own id of the staff member, the customer's id, or the job's name; it is stored
    in the audit, so use an id and not a name. ``locations`` limits a staff member to branches.
    """

    id: str = field(metadata=OPERATOR)
    role: Role = field(converter=_role, metadata=OPERATOR)
    locations: frozenset[LocationId] | None = field(default=None, metadata=OPERATOR)

    def __attrs_post_init__(self) -> None:
        if not self.id.strip() or len(self.id) > _LONGEST_ID or not self.id.isprintable():
            raise InvalidValue("not-an-actor-id", field="id", limit=_LONGEST_ID)
        if self.role is Role.CUSTOMER:
            parse_id(self.id, "id")

    @classmethod
    def for_customer(cls, customer_id: IdLike) -> "Actor":
        """Return the actor that a customer is to their own profile; raises InvalidValue for what is no id."""
        return cls(str(parse_id(customer_id, "customer_id")), Role.CUSTOMER)

    @property
    def customer_id(self) -> CustomerId | None:
        """The profile this actor is, or None for staff and jobs."""
        return CustomerId(parse_id(self.id, "id")) if self.role is Role.CUSTOMER else None

    def __str__(self) -> str:
        return f"{self.role} {self.id}"


_LONGEST_ID: Final = 200

_EVERYBODY_ON_STAFF: Final = (
    Permission.VIEW_CUSTOMERS,
    Permission.SEARCH_CUSTOMERS,
    Permission.ADD_CUSTOMERS,
    Permission.EDIT_CUSTOMERS,
    Permission.CHANGE_STATUS,
    Permission.FORGET_FORMER,
    Permission.VIEW_BLOCKS,
    Permission.VIEW_NOTES,
    Permission.CHANGE_NOTES,
    Permission.VIEW_CATALOGUE,
    Permission.ASK_BOOKING,
    Permission.VIEW_BOOKINGS,
    Permission.LIST_BOOKINGS,
    Permission.BOOK,
    Permission.MOVE_BOOKINGS,
    Permission.VIEW_SALES,
    Permission.RECORD_SALES,
    Permission.VIEW_POINTS,
    Permission.REDEEM_POINTS,
    Permission.MATCH_DUPLICATES,
    Permission.VIEW_SETTINGS,
)
_MANAGERS: Final = (
    Permission.CHANGE_BLOCKS,
    Permission.REMOVE_CUSTOMERS,
    Permission.MIRROR_BOOKINGS,
    Permission.REFUND_SALES,
    Permission.ADD_POINTS,
    Permission.CHANGE_POINTS,
    Permission.EXPIRE_POINTS,
    Permission.IMPORT,
)
_ADMINS: Final = (
    Permission.CHANGE_CATALOGUE,
    Permission.CHANGE_SETTINGS,
    Permission.EXPORT,
    Permission.VIEW_AUDIT,
    Permission.MAINTAIN,
)


def _granted(*groups: Iterable[Permission], grant: Grant = _YES) -> Mapping[Permission, Grant]:
    return MappingProxyType({permission: grant for group in groups for permission in group})


Row = Mapping[Permission, Grant]
"""What a role or a job is granted of each permission."""


@frozen(field_transformer=classed)
class PermissionTable:
    """Which role, and which job of the system, has which permission.

    ``roles`` maps a role and ``jobs`` a job's name to the permissions it is granted; what is not named
    is refused, and so is a job that has no row.
    """

    roles: Mapping[Role, Row] = field(metadata=OPERATOR)
    jobs: Mapping[str, Row] = field(factory=dict[str, Row], metadata=OPERATOR)

    def grant(self, actor: Actor, permission: Permission) -> Grant | None:
        """Return what ``actor`` is granted of ``permission``, or None where it is refused."""
        row = self.jobs.get(actor.id) if actor.role is Role.SYSTEM else self.roles.get(actor.role)
        return None if row is None else row.get(permission)


_WITHIN_CAPS: Final[Row] = MappingProxyType({**_granted(_EVERYBODY_ON_STAFF), Permission.ADD_POINTS: _CAPPED})

DEFAULT_PERMISSIONS: Final = PermissionTable(
    roles={
        Role.OWNER: _granted(Permission),
        Role.ADMIN: _granted(_EVERYBODY_ON_STAFF, _MANAGERS, _ADMINS),
        Role.MANAGER: _granted(_EVERYBODY_ON_STAFF, _MANAGERS),
        Role.STAFF: _WITHIN_CAPS,
        Role.RECEPTIONIST: _WITHIN_CAPS,
        Role.CUSTOMER: MappingProxyType(
            {
                Permission.VIEW_CATALOGUE: _YES,
                **_granted(
                    (
                        Permission.VIEW_CUSTOMERS,
                        Permission.EDIT_CUSTOMERS,
                        Permission.FORGET_FORMER,
                        Permission.ASK_BOOKING,
                        Permission.VIEW_BOOKINGS,
                        Permission.BOOK,
                        Permission.VIEW_POINTS,
                    ),
                    grant=_OWN,
                ),
            }
        ),
    },
    jobs={
        "opening": _granted((Permission.CHANGE_SETTINGS,)),
        "signup": _granted((Permission.ADD_CUSTOMERS, Permission.MATCH_DUPLICATES, Permission.ASK_BOOKING)),
        "expiry": _granted((Permission.EXPIRE_POINTS,)),
        "calendar": _granted((Permission.VIEW_CATALOGUE, Permission.VIEW_BOOKINGS, Permission.MIRROR_BOOKINGS)),
    },
)
"""Who may do what unless a salon is opened with a table of its own."""
