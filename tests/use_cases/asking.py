"""Asking for what may be refused."""

from collections.abc import Callable

from salon_crm import InvalidValue


def refusal(ask: Callable[[], object]) -> InvalidValue | None:
    """Return why it was refused, or None where it was answered; any other error is the test's to fail by."""
    try:
        ask()
    except InvalidValue as error:
        return error
    return None
