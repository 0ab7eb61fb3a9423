"""Bookings: made, moved from state to state, mirrored from a host's calendar, and listed."""

from salon_crm.use_cases.bookings.importing import import_bookings
from salon_crm.use_cases.bookings.keeping import BookingMoved
from salon_crm.use_cases.bookings.listing import (
    BookingFilter,
    BookingPage,
    BookingRow,
    booking_history,
    customer_bookings,
    find_bookings,
    get_booking,
    unclosed_bookings,
)
from salon_crm.use_cases.bookings.making import Booked, book, may_book
from salon_crm.use_cases.bookings.mirroring import BookingMirrored, put_booking
from salon_crm.use_cases.bookings.moving import (
    Reassignment,
    ReassignmentReport,
    cancel_booking,
    complete_booking,
    confirm_booking,
    mark_no_show,
    reassign_bookings,
    record_arrival,
    reopen_booking,
    reschedule_booking,
)

__all__ = [
    "Booked",
    "BookingFilter",
    "BookingMirrored",
    "BookingMoved",
    "BookingPage",
    "BookingRow",
    "Reassignment",
    "ReassignmentReport",
    "book",
    "booking_history",
    "cancel_booking",
    "complete_booking",
    "confirm_booking",
    "customer_bookings",
    "find_bookings",
    "get_booking",
    "import_bookings",
    "mark_no_show",
    "may_book",
    "put_booking",
    "reassign_bookings",
    "record_arrival",
    "reopen_booking",
    "reschedule_booking",
    "unclosed_bookings",
]
