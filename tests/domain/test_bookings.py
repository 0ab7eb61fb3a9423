"""The answer to whether a customer may book."""

from salon_crm.domain.bookings import Answer, BookingAnswer


def test_an_answer_is_ok_warn_or_block_and_a_yes_needs_no_reason() -> None:
    assert [str(answer) for answer in Answer] == ["ok", "warn", "block"]
    assert BookingAnswer(Answer.OK).reasons == ()


def test_a_reason_is_not_shown_by_a_repr() -> None:
    assert "canary" not in repr(BookingAnswer(Answer.BLOCK, ("canary",)))
