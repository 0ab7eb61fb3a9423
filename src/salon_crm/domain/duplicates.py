"""Who a newcomer may already be: matches with their reasons."""

from collections.abc import Iterable
from enum import StrEnum

from attrs import field, frozen

from salon_crm.domain.customers import Customer, ProfileFields, contact_keys, joined_name, known_names
from salon_crm.domain.ids import CustomerId
from salon_crm.domain.privacy import BEHAVIOUR, OPERATOR, classed
from salon_crm.domain.text import same_words, words_of


class Confidence(StrEnum):
    """How sure a match is."""

    HIGH = "high"
    LOW = "low"


class MatchReason(StrEnum):
    """What two profiles share."""

    EMAIL = "email"
    PHONE = "phone"
    NAME = "name"
    FIRST_NAME = "first-name"
    BIRTHDAY = "birthday"


@frozen(field_transformer=classed)
class CustomerMatch:
    """A customer somebody may already be, how surely, and why."""

    customer_id: CustomerId = field(metadata=OPERATOR)
    confidence: Confidence = field(metadata=OPERATOR)
    reasons: tuple[MatchReason, ...] = field(metadata=BEHAVIOUR)


def compare_profiles(newcomer: Customer, customer: Customer) -> CustomerMatch | None:
    """Return how ``newcomer`` may be ``customer``, or None where nothing says so.

    A shared contact with the same name is certain; with the same first name only, or the same name
    with the same birthday, it is worth asking. A shared contact with another first name is family, and
    a name alone says nothing.
    """
    shared = contact_keys(newcomer) & contact_keys(customer)
    reasons: list[MatchReason] = []
    if any("@" in key for key in shared):
        reasons.append(MatchReason.EMAIL)
    if any("@" not in key for key in shared):
        reasons.append(MatchReason.PHONE)
    same_name = bool(known_names(newcomer) & known_names(customer))
    same_birthday = newcomer.birthday is not None and newcomer.birthday == customer.birthday
    if same_name:
        reasons.append(MatchReason.NAME)
    elif _first_names(newcomer) & _first_names(customer):
        reasons.append(MatchReason.FIRST_NAME)
    if same_birthday:
        reasons.append(MatchReason.BIRTHDAY)
    if shared and same_name:
        return CustomerMatch(customer.id, Confidence.HIGH, tuple(reasons))
    if (shared and MatchReason.FIRST_NAME in reasons) or (same_name and same_birthday):
        return CustomerMatch(customer.id, Confidence.LOW, tuple(reasons))
    return None


def _first_names(customer: Customer) -> set[str]:
    return {word for word in (_first_word(customer.first_name), _first_word(customer.name)) if word}


def _first_word(name: str | None) -> str | None:
    words = words_of(name or "")
    return words[0] if words else None


def best_first(matches: Iterable[CustomerMatch]) -> tuple[CustomerMatch, ...]:
    """Return matches with the surest first, then those with more reasons, then by id."""
    return tuple(sorted(matches, key=lambda m: (m.confidence is Confidence.LOW, -len(m.reasons), m.customer_id)))


def name_words(values: ProfileFields) -> str | None:
    """Return the sorted folded words of the name that checked values state, or None without a name."""
    name = values.get("name") or joined_name(values.get("first_name"), values.get("last_name"))
    return same_words(name) if name else None
