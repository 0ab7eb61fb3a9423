"""A morning at the front desk of a salon kept in one SQLite file.

Run it with ``python examples/front_desk.py salon.db``; without a path it works in memory.
"""

import sys

import salon_crm as crm

DESK = crm.Actor("bea", crm.Role.RECEPTIONIST)
MANAGER = crm.Actor("mara", crm.Role.MANAGER)


def main(path: str | None = None) -> None:
    """Open the salon and serve four people."""
    with crm.open_salon(path, region="PT", zone="Europe/Lisbon", currency="EUR") as salon:
        # Somebody calls. Nobody asks twice: the same person is found by contact and name, or added.
        first = crm.find_or_add_customer(salon, DESK, name="Inês Duarte", mobile="912 345 678")
        again = crm.find_or_add_customer(salon, DESK, name="DUARTE, Ines", mobile="+351 912 345 678")
        print("added:", first.added, "then:", again.added, "one customer:", first.customer.id == again.customer.id)

        # Her daughter shares the number. That is family, not the same person.
        daughter = crm.find_or_add_customer(salon, DESK, name="Clara Duarte", mobile="912 345 678")
        print("daughter added:", daughter.added)

        # Two desks have the profile open. Edits of different fields both stand; of the same one, the second is told.
        opened_at = again.customer.version
        crm.edit_customer(salon, DESK, again.customer.id, version=opened_at, birthday="1990-05-17")
        crm.edit_customer(salon, DESK, again.customer.id, version=opened_at, email="ines@example.com")
        try:
            crm.edit_customer(salon, DESK, again.customer.id, version=opened_at, birthday="1991-05-17")
        except crm.Conflict as conflict:
            print("second desk:", conflict)

        # A guest was blocked and removed. He comes back under the same name and number, and is met again.
        guest = crm.add_customer(salon, DESK, name="Rui Matos", mobile="932 123 456")
        crm.block_customer(salon, MANAGER, guest.id, reason="Left without paying, twice.")
        crm.remove_customer(salon, MANAGER, guest.id)
        back = crm.add_customer(salon, DESK, name="Rui Matos", mobile="932123456")
        print("back again, may book:", crm.may_book(salon, DESK, back.id).answer)

        # What the desk sees.
        for row in crm.find_customers(salon, DESK, crm.CustomerFilter(status=crm.Status.ACTIVE)):
            mobile = row.mobile.national if row.mobile else "-"
            print(f"{row.name:<14}{mobile:<14}{'blocked' if row.blocked else ''}".rstrip())


if __name__ == "__main__":
    main(*sys.argv[1:2])
