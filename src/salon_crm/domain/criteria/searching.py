"""The search box: what somebody means who types some words."""

import re
from typing import Final

from salon_crm.domain.criteria.tree import EVERYBODY, Criterion, DigitRun, Text, check_storable
from salon_crm.domain.text import TEXT_LIMIT, fold
from salon_crm.errors import InvalidValue

_PHONE_WORD: Final = re.compile(r"[\d+\-()./]+", re.ASCII)


def text_criterion(text: str) -> Criterion:
    """Return what a search box means by ``text``; nothing but white space restricts nothing.

    Raises InvalidValue for more than 500 characters, and for a NUL or half a character.
    """
    if len(text) > TEXT_LIMIT:
        raise InvalidValue("text-too-long", field="text", length=len(text), limit=TEXT_LIMIT)
    check_storable(text)
    words: list[str] = []
    runs: list[DigitRun] = []
    run: list[str] = []

    def end_run() -> None:
        digits = "".join(character for word in run for character in word if character.isdigit())
        if digits:
            runs.append(DigitRun(digits, tuple(run)))
        else:
            words.extend(run)
        run.clear()

    for word in fold(text).split():
        if _PHONE_WORD.fullmatch(word):
            run.append(word)
        else:
            end_run()
            words.append(word)
    end_run()
    return Text(tuple(words), tuple(runs)) if words or runs else EVERYBODY
