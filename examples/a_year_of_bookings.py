"""A salon books, sells, and asks whom to write to.

Run it with ``python examples/a_year_of_bookings.py salon.db``; without a path it works in memory.
"""

import sys
from datetime import timedelta
from zoneinfo import ZoneInfo

import salon_crm as crm

DESK = crm.Actor("bea", crm.Role.RECEPTIONIST)
MANAGER = crm.Actor("mara", crm.Role.MANAGER)
OWNER = crm.Actor("olga", crm.Role.OWNER)
ZONE = "Europe/Lisbon"

DAYS_AGO = {
    "Inês Duarte": (("colour", 400), ("colour", 330), ("manicure", 320)),
    "Zita Prates": (("colour", 300), ("cut", 240)),
    "Rui Matos": (("cut", 60), ("cut", 30)),
    "Eva Lima": (),
}
"""What each customer came for, and how many days ago."""


def main(path: str | None = None) -> None:
    """Open the salon, book, close a day, and ask the filter panel."""
    with crm.open_salon(path, region="PT", zone=ZONE, currency="EUR") as salon:
        open_for_business(salon)
        customers = {name: crm.add_customer(salon, DESK, name=name) for name in DAYS_AGO}
        bring_in_what_was(salon, customers)
        close_a_booking(salon, customers["Rui Matos"])
        ask(salon)


def open_for_business(salon: crm.Salon) -> None:
    """Say what the salon offers, where, and who works there."""
    for kind in ("Hair", "Nails"):
        crm.add_service_type(salon, OWNER, name=kind)
    crm.add_service(salon, OWNER, name="Cut", service_type="hair", duration=45)
    crm.add_service(salon, OWNER, name="Colour", service_type="hair", duration=120)
    crm.add_service(salon, OWNER, name="Manicure", service_type="nails", duration=40)
    crm.add_location(salon, OWNER, name="Chiado")
    crm.add_staff_member(salon, OWNER, name="Gil Horta")


def bring_in_what_was(salon: crm.Salon, customers: dict[str, crm.Customer]) -> None:
    """Book what was, as completed; all of it or, should one be refused, none."""
    today = salon.now().astimezone(ZoneInfo(ZONE)).replace(hour=10, minute=0, second=0, microsecond=0)
    with salon.transaction() as unit:
        for name, visits in DAYS_AGO.items():
            for service, days in visits:
                start = today - timedelta(days=days)
                crm.book(unit, DESK, customers[name].id, service=service, start=start, status="completed")


def close_a_booking(salon: crm.Salon, customer: crm.Customer) -> None:
    """Somebody is sitting in the chair: paying completes the booking."""
    begun = salon.now() - timedelta(minutes=50)
    booking = crm.book(salon, DESK, customer.id, service="cut", start=begun, therapist="gil-horta").booking
    crm.record_arrival(salon, DESK, booking.id)
    outcome = crm.record_sale(
        salon,
        DESK,
        lines=[
            {"service": "cut", "price": "25.00"},
            {"product": "SH-250", "name": "Shampoo, 250 ml", "price": "9.50", "quantity": 2},
        ],
        paid="44.00",
        bookings=[booking.id],
    )
    print("sold:", outcome.sale.total, "due:", outcome.sale.due, "| booking:", outcome.completed[0].status)
    try:
        crm.cancel_booking(salon, DESK, booking.id, by="customer")
    except crm.RuleBroken as refused:
        print("cancelling it now:", refused)


def ask(salon: crm.Salon) -> None:
    """Ask the filter panel, and why somebody is on the list."""
    lapsed = crm.CustomerFilter(service_types="hair", unused_service_types="nails", last_visit_before=days_ago(90))
    print("hair, never nails, not seen for 90 days:", *names(salon, lapsed))
    print("never booked anything:", *names(salon, "not booked"))
    print("spent 40 or more:", *names(salon, "spend >= 40"))
    [ines] = crm.find_customers(salon, MANAGER, 'text("ines")')
    print("Why not Inês?")
    print(crm.explain_match(salon, MANAGER, ines.id, lapsed))


def days_ago(days: int) -> crm.RelativeDay:
    """Return a day counted from the day somebody asks, so that a panel can be kept."""
    return crm.RelativeDay(-days)


def names(salon: crm.Salon, criteria: crm.CustomerFilter | str) -> list[str]:
    """Return the names of all customers that criteria mean, in the order of the list."""
    return [row.name for row in crm.each_customer(salon, MANAGER, criteria)]


if __name__ == "__main__":
    main(*sys.argv[1:2])
