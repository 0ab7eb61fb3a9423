"""Who may call what: each use case declares its permission here, and is checked before it reads anything."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Concatenate, Final, ParamSpec, TypeVar
from uuid import UUID

from attrs import field, frozen

from salon_crm.domain.access import Actor, Grant, Permission, Scope
from salon_crm.domain.catalogue import Location
from salon_crm.domain.customers import Customer
from salon_crm.domain.ids import CustomerId, parse_id
from salon_crm.domain.privacy import BEHAVIOUR, CONTACT, IDENTITY, OPERATOR, FieldClass, classed, field_classes
from salon_crm.errors import InvalidValue, NotFound, NotPermitted, RuleBroken
from salon_crm.ports.salon import Salon
from salon_crm.ports.store import AuditQuery, Reading

P = ParamSpec("P")
T = TypeVar("T")

PROFILE_SHOWN: Final = field_classes(IDENTITY, CONTACT, BEHAVIOUR, OPERATOR)
"""The classes of field a profile shows."""


@frozen(field_transformer=classed)
class Declaration:
    """What a use case declares: its permission, the classes of field its answer shows, whether it is sliced."""

    permission: Permission = field(metadata=OPERATOR)
    also: tuple[Permission, ...] = field(metadata=OPERATOR)
    """What it needs besides, for what its answer shows."""
    shows: frozenset[FieldClass] = field(metadata=OPERATOR)
    sliced: bool = field(metadata=OPERATOR)
    scopes: frozenset[Scope] = field(metadata=OPERATOR)
    """The scopes it checks; a grant within any other is refused, since nobody would hold it to that."""
    covers_locations: bool = field(metadata=OPERATOR)
    """Whether an actor limited to locations is refused, since customers are not kept by location yet."""


USE_CASES: Final[dict[str, Declaration]] = {}
"""Every use case and what it declares."""


def use_case(
    permission: Permission,
    *also: Permission,
    shows: Iterable[FieldClass] = (FieldClass.OPERATOR,),
    scopes: Iterable[Scope] = (),
    sliced: bool = False,
    covers_locations: bool = False,
) -> Callable[
    [Callable[Concatenate[Salon, Actor, P], T]],
    Callable[Concatenate[Salon, Actor, P], T],
]:
    """Declare a use case: the grant is checked first and reads nothing; sliced work is refused in a transaction."""
    declaration = Declaration(permission, also, frozenset(shows), sliced, frozenset(scopes), covers_locations)

    def declare(function: Callable[Concatenate[Salon, Actor, P], T]) -> Callable[Concatenate[Salon, Actor, P], T]:
        USE_CASES[function.__name__] = declaration

        @wraps(function)
        def checked(salon: Salon, actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> T:
            if not isinstance(salon, Salon):
                raise InvalidValue("wrong-type", field="salon", expected="a salon of open_salon")
            if not isinstance(actor, Actor):
                raise InvalidValue("wrong-type", field="actor", expected="an Actor")
            for needed in (permission, *also):
                check_scopes(salon, actor, needed, function.__name__, declaration.scopes)
            if covers_locations and actor.locations is not None:
                raise NotPermitted("not-permitted-locations", actor=str(actor), permission=permission)
            if sliced and salon.bound:
                raise RuleBroken("sliced-in-transaction", use_case=function.__name__)
            return function(salon, actor, *args, **kwargs)

        return checked

    return declare


def check_grant(salon: Salon, actor: Actor, permission: Permission, use_case_name: str) -> Grant:
    """Return what the actor is granted; raises NotPermitted, naming the permission."""
    grant = salon.permissions.grant(actor, permission)
    if grant is None:
        raise NotPermitted("not-permitted", actor=str(actor), use_case=use_case_name, permission=permission)
    return grant


def check_scopes(
    salon: Salon, actor: Actor, permission: Permission, use_case_name: str, held: frozenset[Scope] = frozenset()
) -> None:
    """Refuse an actor who has the permission not at all, or within a scope that nobody would hold them to."""
    beyond = check_grant(salon, actor, permission, use_case_name).scopes - held
    if beyond:
        raise NotPermitted(
            "not-permitted-scope",
            actor=str(actor),
            use_case=use_case_name,
            permission=permission,
            scopes=tuple(sorted(beyond)),
        )


def check_own(salon: Salon, actor: Actor, permission: Permission, reading: Reading, customer_id: CustomerId) -> None:
    """Check the scope ``own``: refuse another's profile alike whether it exists or not; raises NotPermitted."""
    grant = salon.permissions.grant(actor, permission)
    if grant is None or Scope.OWN not in grant.scopes:
        return
    if actor.customer_id is None or follow_alias(reading, actor.customer_id) != customer_id:
        raise NotPermitted("not-permitted-own", actor=str(actor), permission=permission)


def check_location(actor: Actor, location: Location | None) -> None:
    """Refuse an actor who is limited to locations what happens at another, or nowhere; raises NotPermitted."""
    if actor.locations is not None and (location is None or location.id not in actor.locations):
        raise NotPermitted("not-permitted-location", actor=str(actor))


def follow_alias(reading: Reading, customer_id: UUID) -> CustomerId:
    """Return the id a merged customer is kept under, or the id itself."""
    alias = reading.aliases.get_many([customer_id]).get(customer_id)
    return alias.customer_id if alias is not None else CustomerId(customer_id)


def find_customer(
    salon: Salon, actor: Actor, permission: Permission, reading: Reading, customer_id: object
) -> Customer:
    """Return the customer that an id, or one merged into it, means.

    Raises InvalidValue for what is no id, NotPermitted where the actor may only reach their own profile,
    NotFound where there is none, saying so where it was removed.
    """
    asked = CustomerId(parse_id(customer_id, "customer_id"))
    customer = reading.customers.get_many([asked]).get(asked)
    if customer is None:  # or there would be no alias of this id
        asked = follow_alias(reading, asked)
        customer = reading.customers.get_many([asked]).get(asked)
    check_own(salon, actor, permission, reading, asked)
    if customer is None:
        raise no_customer(reading, asked)
    return customer


def no_customer(reading: Reading, customer_id: CustomerId) -> NotFound:
    """Return the error for a customer who is not there: removed, or never known."""
    known = reading.audit.select(AuditQuery(customer_id=customer_id), 1)
    if known:
        return NotFound("gone", kind="customer", id=str(customer_id))
    return NotFound("not-found", kind="customer", id=str(customer_id))
