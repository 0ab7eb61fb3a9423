"""Asking who a newcomer may already be, before adding them."""

from datetime import datetime
from typing import Unpack

from attrs import field, frozen

from salon_crm.domain.access import Actor, Permission
from salon_crm.domain.customers import Customer, CustomerForm, ProfileFields, contact_keys, known_names, new_customer
from salon_crm.domain.duplicates import Confidence, CustomerMatch, best_first, compare_profiles
from salon_crm.domain.ids import CustomerId, IdLike
from salon_crm.domain.privacy import BEHAVIOUR, IDENTITY, OPERATOR, classed, field_classes
from salon_crm.domain.settings import Settings
from salon_crm.errors import Conflict
from salon_crm.ports.salon import Salon
from salon_crm.ports.store import Reading
from salon_crm.use_cases.access import PROFILE_SHOWN, check_grant, find_customer, use_case
from salon_crm.use_cases.customers import create_customer, form_context
from salon_crm.use_cases.unit import unit_of_work


@use_case(Permission.MATCH_DUPLICATES, shows=field_classes(BEHAVIOUR, OPERATOR))
def match_customers(
    salon: Salon, actor: Actor, /, *, region: str | None = None, **fields: Unpack[ProfileFields]
) -> tuple[CustomerMatch, ...]:
    """Return who the person with these ``fields`` may already be, the surest first; nothing is saved.

    A shared contact with the same name is a match of high confidence; a shared contact with the same
    first name, or the same name and birthday, one of low. A shared contact with another first name is
    family and no match, and neither is a name alone. Fields are those of `add_customer`.

    Raises InvalidDocument, NotPermitted.
    """
    with salon.reading() as reading:
        settings = reading.settings()
        values = CustomerForm(fields).check(form_context(salon, settings, region))
        return _matches(reading, _newcomer(salon, values, settings))


def _newcomer(salon: Salon, values: ProfileFields, settings: Settings) -> Customer:
    """Return the profile the values would make, with no more demanded of it than a name."""
    relaxed = Settings(region=settings.region, zone=settings.zone, currency=settings.currency)
    return new_customer(CustomerId(salon.id), values, added=salon.now(), settings=relaxed)


def _matches(reading: Reading, newcomer: Customer) -> tuple[CustomerMatch, ...]:
    found = {
        customer.id: customer
        for key, values in (("contact", contact_keys(newcomer)), ("name", known_names(newcomer)))
        for customers in reading.customers.by_key(key, values).values()
        for customer in customers
    }
    compared = (compare_profiles(newcomer, customer) for customer in found.values())
    return best_first(match for match in compared if match is not None)


@frozen(field_transformer=classed)
class FoundOrAdded:
    """The customer somebody turned out to be, and whether they were added just now."""

    customer: Customer = field(metadata=IDENTITY)
    added: bool = field(metadata=OPERATOR)


@use_case(Permission.ADD_CUSTOMERS, shows=PROFILE_SHOWN)
def find_or_add_customer(
    salon: Salon,
    actor: Actor,
    /,
    *,
    region: str | None = None,
    id: IdLike | None = None,
    reference: str | None = None,
    at: datetime | None = None,
    **fields: Unpack[ProfileFields],
) -> FoundOrAdded:
    """Return the one customer who surely is this person, or add them; nothing is ever overwritten.

    Sure is a shared contact with the same name, as for `match_customers`. Two calls at once with one
    person's contacts, from any number of processes, add one customer.

    Raises InvalidDocument, NotPermitted, and Conflict naming the ids where several customers surely
    are this person.
    """
    check_grant(salon, actor, Permission.MATCH_DUPLICATES, "find_or_add_customer")
    with unit_of_work(salon, actor, at) as unit:
        values = CustomerForm(fields).check(form_context(salon, unit.settings, region))
        asked = {**values, "id": id}
        made = unit.result_of("find_or_add_customer", reference, asked)
        if made is not None:
            return FoundOrAdded(find_customer(salon, actor, Permission.ADD_CUSTOMERS, unit.writing, made), False)
        matches = _matches(unit.writing, _newcomer(salon, values, unit.settings))
        sure = [match.customer_id for match in matches if match.confidence is Confidence.HIGH]
        if len(sure) > 1:
            raise Conflict("several-matches", ids=tuple(map(str, sorted(sure))))
        if sure:
            customer, added = unit.writing.customers.get_many(sure)[sure[0]], False
        else:
            customer, added = create_customer(unit, unit.new_customer_id(id), values), True
        unit.remember("find_or_add_customer", reference, asked, customer.id)
        return FoundOrAdded(customer, added)
