"""Programs of use cases, drawn by Hypothesis and run on two salons: any store beside the one in memory.

Clock and ids are the same for both, so that whatever a program returns, raises and records must be the
same too, to the last digest of the audit.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from functools import cache
from itertools import count
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,  # pyright: ignore[reportUnknownVariableType]  -- Hypothesis leaves it untyped
)
from hypothesis.strategies import SearchStrategy

from salon_crm.adapters.memory import MemoryStore
from salon_crm.domain.access import Actor
from salon_crm.domain.criteria import CriteriaLike, CustomerFilter
from salon_crm.domain.customers import CustomerRow, Gender, Status
from salon_crm.domain.ids import CustomerId, IdLike
from salon_crm.ports.salon import Salon
from salon_crm.ports.store import AuditQuery, Store
from salon_crm.testing.booking_commands import (
    beginnings,
    booking_changes,
    booking_criteria,
    booking_queries,
    catalogue_changes,
    endings,
    moments,
    panels,
)
from salon_crm.testing.builders import OWNER, a_block, a_customer_id, a_note, open_test_salon
from salon_crm.testing.commands import Command, Outcome, command, merged, optional
from salon_crm.testing.conformance import EVERY_KIND, Conformance, MakeStore, Undone
from salon_crm.testing.doubles import CountedIds, FixedClock
from salon_crm.testing.reward_commands import reward_beginnings, reward_changes, reward_endings, reward_queries
from salon_crm.testing.strategies import (
    E_MAILS,
    FRAGMENTS,
    NAMES,
    PHONE_TEXTS,
    criteria,
    external_ids,
    orders,
)
from salon_crm.use_cases.audit import audit_head, audit_trail, verify_audit
from salon_crm.use_cases.blocks import (
    block_alerts,
    block_customer,
    confirm_block_alert,
    customer_blocks,
    dismiss_block_alert,
    unblock_customer,
)
from salon_crm.use_cases.bookings import may_book
from salon_crm.use_cases.criteria import count_customers, each_customer, find_customers
from salon_crm.use_cases.customers import (
    activate_customer,
    add_customer,
    deactivate_customer,
    edit_customer,
    forget_former,
    get_customer,
    get_customers,
    remove_customer,
)
from salon_crm.use_cases.duplicates import find_or_add_customer, match_customers
from salon_crm.use_cases.facts import verify_facts
from salon_crm.use_cases.notes import add_note, customer_notes, edit_note, remove_note
from salon_crm.use_cases.rewards import verify_ledger
from salon_crm.use_cases.settings import change_settings, get_settings

_MOST_PAGES: Final = 20
_STEPS: Final = 20
_ENGINE: Final = "hypothesis.internal.conjecture.engine"
_SECONDS_TO_SHORTEN: Final = 30
"""How long a failing program is made shorter for; on a store of files Hypothesis would take its own five minutes."""


def _all_pages(salon: Salon, actor: Actor, asked: CriteriaLike, /, *, order: str, limit: int) -> list[Any]:
    """Walk the pages of a list to its end and back again."""
    page = find_customers(salon, actor, asked, order=order, limit=limit, count_inactive=True)
    pages = [page]
    while page.next is not None and len(pages) < _MOST_PAGES:
        page = find_customers(salon, actor, asked, order=order, limit=limit, page=page.next)
        pages.append(page)
    while page.previous is not None and len(pages) < 2 * _MOST_PAGES:
        page = find_customers(salon, actor, asked, order=order, limit=limit, page=page.previous)
        pages.append(page)
    return pages


def _all_rows(salon: Salon, actor: Actor, asked: CriteriaLike, /, *, order: str) -> list[CustomerRow]:
    return list(each_customer(salon, actor, asked, order=order))


def _settle_alert(salon: Salon, actor: Actor, number: int, /, *, same_person: bool) -> Any:
    """Settle one of the open alerts, or one that never was."""
    alerts = block_alerts(salon, actor)
    alert_id: IdLike = alerts[number % len(alerts)].id if alerts else a_customer_id(number)
    return (confirm_block_alert if same_person else dismiss_block_alert)(salon, actor, alert_id)


def _who() -> SearchStrategy[CustomerId]:
    """Ids of so few customers that a program comes back to each of them."""
    return st.integers(1, 5).map(a_customer_id)


def _profiles(*, mended: bool = False) -> SearchStrategy[dict[str, Any]]:
    """What a form may be filled in with; unless ``mended``, now and then with what cannot be taken."""
    phones = st.sampled_from([phone for phone in PHONE_TEXTS if phone.startswith("+")])
    taken = st.fixed_dictionaries(
        {"name": st.sampled_from(NAMES[:5])},
        optional={
            "email": st.none() | st.sampled_from(E_MAILS),
            "mobile": st.none() | phones,
            "other_phones": st.lists(phones, max_size=2),
            "gender": st.sampled_from([None, *Gender]),
            "birthday": st.sampled_from([None, "--02-29", "1990-05-17", date(1990, 5, 17)]),
            "external_ids": st.lists(external_ids(), max_size=1),
            "address": st.sampled_from([None, {"lines": ["1 Rua Nova"], "city": "Porto"}]),
        },
    )
    if mended:
        return taken
    odd = st.sampled_from(
        [{"name": ""}, {"email": "nobody"}, {"mobile": "12"}, {"region": "GB", "mobile": "07700900123"}]
    )
    return st.one_of(taken, taken, taken, merged(taken, odd))


@cache
def _changes() -> SearchStrategy[Command]:
    who, small = _who(), st.integers(1, 3)
    note_ids, block_ids = small.map(lambda n: a_note(n).id), small.map(lambda n: a_block(n).id)
    references = st.sampled_from(["form 1", "form 2"])
    texts = st.sampled_from(["Likes tea.", "Allergic\nto nothing.", ""])
    new = optional(id=who, reference=references, note=texts, alert_note=texts, status=st.sampled_from(Status))
    return st.one_of(
        command(add_customer, kwargs=merged(_profiles(), new)),
        command(add_customer, kwargs=merged(_profiles(), st.fixed_dictionaries({"id": who}))),
        command(find_or_add_customer, kwargs=merged(_profiles(), optional(id=who, reference=references))),
        command(edit_customer, who, kwargs=merged(_profiles(), optional(version=small, keep_former=st.booleans()))),
        command(remove_customer, who),
        command(activate_customer, who),
        command(deactivate_customer, who),
        command(forget_former, who),
        command(add_note, who, kwargs=merged(st.fixed_dictionaries({"text": texts}), optional(id=note_ids))),
        command(edit_note, note_ids, kwargs=optional(text=texts, alert=st.booleans())),
        command(remove_note, note_ids),
        command(
            block_customer,
            who,
            kwargs=merged(st.just({"reason": "Did not come."}), optional(id=block_ids, reference=references)),
        ),
        command(unblock_customer, who),
        command(_settle_alert, small, kwargs=st.fixed_dictionaries({"same_person": st.booleans()})),
        command(
            change_settings,
            kwargs=optional(
                zone=st.sampled_from(["UTC", "nowhere"]),
                required_fields=st.sampled_from([(), ("mobile",)]),
            ),
        ),
    )


@st.composite
def changes(draw: st.DrawFn) -> Command:
    """A command that changes a salon, or tries to; composite, since Hypothesis writes long strategies out in full."""
    return draw(_changes())


@cache
def _queries() -> SearchStrategy[Command]:
    who, orders_as_text = _who(), orders().map(str)
    searches = st.builds(
        CustomerFilter,
        text=st.none() | st.sampled_from(FRAGMENTS),
        status=st.sampled_from([None, *Status]),
        blocked=st.sampled_from([None, True, False]),
        added_since=st.none() | st.just(date(2026, 3, 3)),
    )
    asked = st.one_of(st.none(), searches, criteria(), panels(), panels(), booking_criteria(), booking_criteria())
    shown = st.fixed_dictionaries({"order": orders_as_text, "limit": st.integers(1, 3)})
    return st.one_of(
        command(_all_pages, asked, kwargs=shown),
        command(_all_rows, asked, kwargs=st.fixed_dictionaries({"order": orders_as_text})),
        command(count_customers, asked),
        command(get_customer, who),
        command(get_customer, kwargs=st.fixed_dictionaries({"external": external_ids()})),
        command(get_customers, st.lists(who, max_size=4)),
        command(match_customers, kwargs=_profiles()),
        command(customer_notes, who),
        command(customer_blocks, who),
        command(block_alerts),
        command(may_book, who),
        command(get_settings),
        command(audit_trail, kwargs=optional(customer=who, by=st.just("owner"), after=st.integers(0, 9))),
        command(audit_head),
    )


@st.composite
def queries(draw: st.DrawFn) -> Command:
    """A command that asks a salon."""
    return draw(_queries())


def _of_bookings() -> SearchStrategy[Command]:
    return st.one_of(*(booking_changes() for _ in range(4)), catalogue_changes(), booking_queries())


def _of_rewards() -> SearchStrategy[Command]:
    return st.one_of(*(reward_changes() for _ in range(4)), booking_changes(), reward_queries())


def _anything() -> SearchStrategy[Command]:
    return st.one_of(changes(), queries(), booking_changes(), booking_queries(), reward_changes())


class Program(RuleBasedStateMachine):
    """Two salons that are told the same: one on the store at hand, one in memory."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._clock = FixedClock()
        salon = open_test_salon(store, clock=self._clock, ids=CountedIds())
        in_memory = open_test_salon(MemoryStore(), salon_id=salon.id, clock=self._clock, ids=CountedIds())
        self._salons = [salon, in_memory]

    def _same(self, tell: Callable[[Salon], Any]) -> None:
        got, expected = (tell(salon) for salon in self._salons)
        assert got == expected

    @initialize(profiles=st.lists(_profiles(mended=True), min_size=2, max_size=4))
    def begin(self, profiles: list[dict[str, Any]]) -> None:
        """Begin with a few customers who have notes and bookings, and one of them blocked."""
        for number, profile in enumerate(profiles, start=1):
            self._same(Command(add_customer, (), {**profile, "id": a_customer_id(number)}).run)
            if number < 3:  # the others have no history, and can be removed
                note = {"text": "Likes tea.", "id": a_note(number).id}
                self._same(Command(add_note, (a_customer_id(number),), note).run)
        self._same(_begin_bookings)
        self._same(Command(block_customer, (a_customer_id(1),), {"reason": "Did not come."}).run)

    @rule(command=changes())
    def change(self, command: Command) -> None:
        """Change something."""
        self._same(command.run)

    @rule(command=queries())
    def ask(self, command: Command) -> None:
        """Ask something."""
        self._same(command.run)

    @rule(commands=st.lists(_of_bookings(), min_size=2, max_size=8))
    def work(self, commands: list[Command]) -> None:
        """Change the catalogue and bookings, and ask what there is."""
        for each in commands:
            self._same(each.run)

    @rule(commands=st.lists(_of_rewards(), min_size=2, max_size=8))
    def reward(self, commands: list[Command]) -> None:
        """Sell, refund, give and spend points, and ask what there is."""
        for each in commands:
            self._same(each.run)

    @rule(
        first=st.lists(_anything(), max_size=2),
        part=st.lists(_anything(), min_size=1, max_size=4),
        then=st.lists(queries() | booking_queries(), max_size=1),
        undone=st.sampled_from(["nothing", "the part", "everything"]),
    )
    def transact(self, first: list[Command], part: list[Command], then: list[Command], undone: str) -> None:
        """Run commands in one transaction, some of them in a part of it; undo nothing, the part, or everything."""

        def tell(salon: Salon) -> list[Outcome]:
            outcomes: list[Outcome] = []
            with suppress(Undone), salon.transaction() as tx:
                outcomes += [command.run(tx) for command in first]
                with suppress(Undone), tx.transaction():
                    outcomes.extend(command.run(tx) for command in part)
                    if undone == "the part":
                        raise Undone
                outcomes += [command.run(tx) for command in then]
                if undone == "everything":
                    raise Undone
            return outcomes

        self._same(tell)

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        """Let time pass."""
        self._clock.advance(hours=hours, microseconds=1)

    @rule(moment=moments())
    def wait_until(self, moment: datetime) -> None:
        """Put the clock to a moment at which bookings begin, also back."""
        self._clock.set(moment)

    def teardown(self) -> None:
        """Compare all there is, and close."""
        try:
            for order in ("name", "-added"):
                self._same(Command(_all_rows, (None,), {"order": order}).run)
            for customer_id in map(a_customer_id, range(1, 6)):
                self._same(Command(customer_notes, (customer_id,)).run)
                self._same(Command(customer_blocks, (customer_id,)).run)
            for each in (*endings(), *reward_endings()):
                self._same(each.run)
            self._same(_recorded)
            self._same(Command(verify_audit).run)
            assert verify_audit(self._salons[0], OWNER).ok
            assert verify_facts(self._salons[0], OWNER).ok
            assert verify_ledger(self._salons[0], OWNER).ok
        finally:
            for salon in self._salons:
                salon.close()


def _begin_bookings(salon: Salon) -> list[Outcome]:
    """Give a salon its catalogue and first bookings; in one transaction, since every program begins so."""
    with salon.transaction() as tx:
        return [command.run(tx) for command in (*beginnings(), *reward_beginnings())]


def _recorded(salon: Salon) -> list[Any]:
    with salon.reading() as reading:
        return list(reading.audit.select(AuditQuery(), 10_000))


class ProgramChecks(Conformance):
    """What all promises come to together."""

    def test_any_program_ends_as_in_memory(self, make_store: MakeStore) -> None:
        """Any program of use cases gives the same results, errors, order and audit as on `MemoryStore`."""
        self.needs(*EVERY_KIND)
        number = count(1)

        class FreshProgram(Program):
            def __init__(self) -> None:
                super().__init__(make_store(f"program-{next(number)}"))

        most = int(settings().max_examples)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
        few = max(10, most // 4)
        asked = settings(
            max_examples=few,
            stateful_step_count=_STEPS,
            suppress_health_check=slow,
            deadline=None,
            report_multiple_bugs=False,
            phases=set(settings().phases) - {Phase.explain},
        )
        with pytest.MonkeyPatch.context() as patched:  # no setting says it; where it is gone nothing but time is lost
            patched.setattr(f"{_ENGINE}.MAX_SHRINKING_SECONDS", _SECONDS_TO_SHORTEN, raising=False)
            run_state_machine_as_test(FreshProgram, settings=asked)
