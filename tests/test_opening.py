"""Opening a salon: what is needed, what is refused, and that a refusal leaves everything as it was."""

import hashlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

import salon_crm as crm
from salon_crm.adapters.memory import MemoryStore

OWNER = crm.Actor("olga", crm.Role.OWNER)
SETTINGS: dict[str, Any] = {"region": "PT", "zone": "Europe/Lisbon", "currency": "EUR"}
SECRET = "0123456789abcdef"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "salon.db"


@pytest.fixture
def created(file: Path) -> Path:
    """A file that holds a salon of one customer."""
    with crm.open_salon(file, **SETTINGS) as salon:
        crm.add_customer(salon, OWNER, name="Ana Silva", email="ana@example.com")
    return file


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def run(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)


# creating and reopening


def test_without_a_place_a_salon_is_kept_in_memory() -> None:
    with crm.open_salon(**SETTINGS) as one, crm.open_salon(**SETTINGS) as other:
        crm.add_customer(one, OWNER, name="Ana")
        assert (crm.count_customers(one, OWNER), crm.count_customers(other, OWNER)) == (1, 0)
        assert one.id != other.id


@pytest.mark.parametrize("place", [str, Path], ids=["text", "path"])
def test_a_salon_in_a_file_is_there_when_it_is_opened_again(file: Path, place: Callable[[Path], Any]) -> None:
    with crm.open_salon(place(file), **SETTINGS) as salon:
        crm.add_customer(salon, OWNER, name="Ana")
    with crm.open_salon(place(file)) as again:
        assert again.id == salon.id
        assert [row.name for row in crm.find_customers(again, OWNER)] == ["Ana"]
        assert crm.verify_audit(again, OWNER).ok


def test_a_store_of_ones_own_is_taken_and_left_open_where_opening_fails() -> None:
    store = MemoryStore()
    with pytest.raises(crm.InvalidDocument):
        crm.open_salon(store)
    with crm.open_salon(store, **SETTINGS) as salon:
        assert salon.store is store


def test_creating_names_every_setting_that_is_missing(file: Path) -> None:
    with pytest.raises(crm.InvalidDocument, match="region='PT'") as caught:
        crm.open_salon(file)
    assert [(problem.field, problem.code) for problem in caught.value.problems] == [
        ("region", "settings-needed"), ("zone", "settings-needed"), ("currency", "settings-needed"),
    ]  # fmt: skip
    with pytest.raises(crm.InvalidDocument) as caught:
        crm.open_salon(file, region="PT")
    assert [problem.field for problem in caught.value.problems] == ["zone", "currency"]


def test_settings_that_do_not_exist_are_refused_together() -> None:
    with pytest.raises(crm.InvalidDocument) as caught:
        crm.open_salon(region="Portugal", zone="Lisbon", currency="Euro")
    assert [problem.field for problem in caught.value.problems] == ["region", "zone", "currency"]


@pytest.mark.parametrize(("name", "other"), [("region", "ES"), ("zone", "Europe/Madrid"), ("currency", "USD")])
def test_another_setting_at_reopening_is_a_conflict_that_says_what_to_do(created: Path, name: str, other: Any) -> None:
    with pytest.raises(crm.Conflict, match="change_settings") as caught:
        crm.open_salon(created, **(SETTINGS | {name: other}))
    assert (caught.value.field, caught.value.params["current"]) == (name, SETTINGS[name])
    with crm.open_salon(created, **SETTINGS) as salon:
        assert crm.count_customers(salon, OWNER) == 1


def test_a_wrong_setting_at_reopening_is_refused_as_such(created: Path) -> None:
    with pytest.raises(crm.InvalidDocument) as caught:
        crm.open_salon(created, zone="Lisbon")
    assert caught.value.field == "zone"


def test_settings_changed_since_are_those_of_the_salon(created: Path) -> None:
    with crm.open_salon(created) as salon:
        crm.change_settings(salon, OWNER, region="ES")
    with pytest.raises(crm.Conflict):
        crm.open_salon(created, region="PT")
    with crm.open_salon(created, region="ES") as salon:
        assert crm.get_settings(salon, OWNER).version == 2


# the secret


@pytest.mark.parametrize("secret", [SECRET, SECRET.encode()])
def test_a_salon_opens_with_the_secret_it_was_created_with(file: Path, secret: str | bytes) -> None:
    with crm.open_salon(file, **SETTINGS, secret=SECRET) as salon:
        ana = crm.add_customer(salon, OWNER, name="Ana", email="ana@example.com")
        crm.block_customer(salon, OWNER, ana.id, reason="Late")
        crm.remove_customer(salon, OWNER, ana.id)
    with crm.open_salon(file, secret=secret) as salon:
        back = crm.add_customer(salon, OWNER, name="Ana", email="ana@example.com")
        assert crm.may_book(salon, OWNER, back.id).answer is crm.Answer.BLOCK


@pytest.mark.parametrize("secret", [None, SECRET + "x", b"another secret 16"])
def test_a_missing_or_other_secret_is_an_error_at_opening(file: Path, secret: Any) -> None:
    crm.open_salon(file, **SETTINGS, secret=SECRET).close()
    with pytest.raises(crm.Conflict) as caught:
        crm.open_salon(file, secret=secret)
    assert (caught.value.code, caught.value.field) == ("secret-differs", "secret")
    assert SECRET not in str(caught.value)


def test_a_secret_cannot_be_added_later(created: Path) -> None:
    with pytest.raises(crm.Conflict):
        crm.open_salon(created, secret=SECRET)


@pytest.mark.parametrize("secret", ["", "short", SECRET[:-1], b"short", 1234567890123456, [SECRET]])
def test_a_secret_has_sixteen_bytes_or_more(file: Path, secret: Any) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.open_salon(file, **SETTINGS, secret=secret)
    assert caught.value.field == "secret"
    assert not file.exists()


def test_the_salon_its_store_and_key_show_no_secret(file: Path) -> None:
    with crm.open_salon(file, **SETTINGS, secret=SECRET) as salon, salon.reading() as reading:
        record = reading.salon()
        assert record is not None
        shown = f"{salon!r} {salon.store!r} {salon.mark_key!r} {salon.mark_key} {record!r} {record}"
        for hidden in (SECRET, repr(record.mark_key), repr(salon.mark_key.secret_bytes), repr(record.key_check)):
            assert hidden not in shown


def test_any_text_may_be_a_secret(file: Path) -> None:
    crm.open_salon(file, **SETTINGS, secret="\ud800 half a character").close()
    crm.open_salon(file, secret="\ud800 half a character").close()


# two at once


class Overtaken(MemoryStore):
    """A store in which somebody else creates the salon just after the first look."""

    overtaken = False

    @contextmanager
    def reading(self) -> Any:
        with super().reading() as reading:
            yield reading
        if not self.overtaken:
            self.overtaken = True
            crm.open_salon(self, **SETTINGS)


def test_a_salon_somebody_else_created_meanwhile_is_opened() -> None:
    with crm.open_salon(Overtaken(), **SETTINGS) as salon:
        assert crm.audit_head(salon, OWNER).sequence == 1
    with pytest.raises(crm.Conflict) as caught:
        crm.open_salon(Overtaken(), region="ES", zone="Europe/Lisbon", currency="EUR")
    assert caught.value.code == "salon-exists"


def test_four_processes_that_create_one_salon_create_one(file: Path) -> None:
    code = (
        "import sys, salon_crm as crm\n"
        "with crm.open_salon(sys.argv[1], region='PT', zone='Europe/Lisbon', currency='EUR') as salon:\n"
        "    print(salon.id)"
    )
    four = [
        subprocess.Popen([sys.executable, "-c", code, str(file)], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    assert len({each.communicate(timeout=60)[0] for each in four}) == 1
    assert [each.returncode for each in four] == [0] * 4


# what cannot be opened


@pytest.mark.parametrize("url", ["sqlite:///salon.db", "mysql://host/db", "file://salon.db", "https://example.com"])
def test_kinds_of_storage_that_are_not_supported_are_named(url: str) -> None:
    with pytest.raises(crm.InvalidValue, match=url.split(":", maxsplit=1)[0]) as caught:
        crm.open_salon(url, **SETTINGS)
    assert (caught.value.code, caught.value.field) == ("url-unsupported", "where")


@pytest.mark.parametrize("where", [7, True, b"salon.db", ["salon.db"], object(), ":memory:"])
def test_what_is_no_place_is_refused(where: Any) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.open_salon(where, **SETTINGS)
    assert caught.value.field == "where"


def test_places_that_hold_no_salon_are_errors_of_the_store(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("Ana Silva, 912 345 678\n" * 100, encoding="utf-8")
    before = digest(text)
    for where in (tmp_path, tmp_path / "nowhere" / "salon.db", text, str(tmp_path / "a\0b")):
        with pytest.raises(crm.StoreError) as caught:
            crm.open_salon(where, **SETTINGS)
        assert caught.value.code == "store-unopenable"
    assert digest(text) == before
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_of_somebody_else_is_refused_unchanged_unless_it_is_to_be_shared(file: Path) -> None:
    run(file, "CREATE TABLE orders (id INTEGER PRIMARY KEY)")
    before = digest(file)
    with pytest.raises(crm.StoreError, match="share=True") as caught:
        crm.open_salon(file, **SETTINGS)
    assert caught.value.code == "store-foreign"
    assert digest(file) == before
    with crm.open_salon(file, **SETTINGS, share=True) as salon:
        crm.add_customer(salon, OWNER, name="Ana")
    run(file, "INSERT INTO orders DEFAULT VALUES")
    with crm.open_salon(file) as salon:
        assert crm.count_customers(salon, OWNER) == 1


def test_a_file_of_a_newer_release_is_refused_and_left_as_it_is(created: Path) -> None:
    run(created, "UPDATE crm_schema SET version = version + 1")
    before = digest(created)
    for migrate in (None, True, False):
        with pytest.raises(crm.SchemaNewer) as caught:
            crm.open_salon(created, migrate=migrate)
        assert caught.value.code == "store-newer"
    assert digest(created) == before
    assert [path.name for path in created.parent.iterdir()] == [created.name]


def test_an_error_never_shows_what_a_driver_raised(tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"SQLite format 3\0" + b"\xff" * 4_096)
    with pytest.raises(crm.StoreError):
        crm.open_salon(broken, **SETTINGS)


# what callers hand over by mistake


class Elsewhere:
    """A path-like whose place is anything."""

    def __init__(self, place: Any) -> None:
        self.place = place

    def __fspath__(self) -> Any:
        return self.place


@pytest.mark.parametrize("place", [b"salon.db", 7, None, ":memory:"])
def test_a_path_like_names_a_text_path(place: Any) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.open_salon(Elsewhere(place), **SETTINGS)
    assert (caught.value.code, caught.value.field) == ("wrong-type", "where")


def test_memory_is_no_path_either() -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.open_salon(Path(":memory:"), **SETTINGS)
    assert caught.value.field == "where"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("formats", 5),
        ("formats", {"csv": 5}),
        ("formats", {5: None}),
        ("clock", 5),
        ("clock", 0),
        ("ids", 5),
        ("permissions", 5),
        ("permissions", {}),
        ("share", 1),
        ("share", None),
        ("share", "no"),
        ("migrate", 0),
        ("migrate", "no"),
    ],
)
def test_an_argument_of_another_type_is_refused_before_anything_is_created(file: Path, name: str, value: Any) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.open_salon(file, **SETTINGS, **{name: value})
    assert (caught.value.code, caught.value.field) == ("wrong-type", name)
    assert not file.exists()


@pytest.mark.parametrize("name", ["a" * 5_000, "a\ud800.db", "a/" * 3_000 + "b"])
def test_a_name_no_file_can_have_is_an_error_of_the_store(tmp_path: Path, name: str) -> None:
    with pytest.raises(crm.StoreError) as caught:
        crm.open_salon(f"{tmp_path}/{name}", **SETTINGS)
    assert caught.value.code == "store-unopenable"
    str(caught.value).encode()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_one_may_not_look_into_is_an_error_of_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", refuse)
    with pytest.raises(crm.StoreError, match="Permission denied") as caught:
        crm.open_salon(tmp_path / "salon.db", **SETTINGS)
    assert caught.value.code == "store-unopenable"


@pytest.mark.parametrize("stated", [{}, {"region": "PT", "zone": "Nowhere/Here", "currency": "EUR"}])
def test_a_salon_that_cannot_be_created_leaves_no_file_behind(tmp_path: Path, stated: dict[str, Any]) -> None:
    with pytest.raises(crm.InvalidDocument):
        crm.open_salon(tmp_path / "salon.db", **stated)
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_its_extra_is_said_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if name.startswith("salon_crm.adapters.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(crm.StoreError, match=r"pip install 'salon-crm\[postgres\]'") as caught:
        crm.open_salon("postgresql://host/db", salon_id="01890a5d-ac96-774b-bcce-b302099a8057", **SETTINGS)
    assert caught.value.code == "extra-missing"


def test_a_salon_s_id_can_be_chosen_and_is_checked(tmp_path: Path) -> None:
    chosen, other = "01890a5d-ac96-774b-bcce-b302099a8057", "01890a5d-ac96-774b-bcce-b302099a8058"
    with crm.open_salon(tmp_path / "salon.db", salon_id=chosen, **SETTINGS) as salon:
        assert str(salon.id) == chosen
    with crm.open_salon(tmp_path / "salon.db", salon_id=chosen) as salon:
        assert str(salon.id) == chosen
    with pytest.raises(crm.Conflict) as caught:
        crm.open_salon(tmp_path / "salon.db", salon_id=other)
    assert caught.value.field == "salon_id"
    with pytest.raises(crm.InvalidValue):
        crm.open_salon(salon_id="00000000-0000-0000-0000-000000000000", **SETTINGS)
