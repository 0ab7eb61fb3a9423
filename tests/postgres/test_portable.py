"""The SQL keeps to what PostgreSQL's relatives have too, and to what can be spread over machines by the salon."""

import re
from pathlib import Path
from typing import Final

import pytest

import salon_crm
from salon_crm.adapters.postgres.dialect import OWNER
from salon_crm.adapters.postgres.schema import ddl, table_names

NOT_PORTABLE: Final = (
    "SERIAL",
    "SEQUENCE",
    "GENERATED",
    "TRIGGER",
    "LISTEN",
    "NOTIFY",
    "pg_advisory",
    "EXCLUDE",
    "DEFERRABLE",
    "EXTENSION",
    "LOCK TABLE",
    "TRUNCATE",
    "MERGE INTO",
    "WITH HOLD",
    "ctid",
)
"""What is missing, or means something else, where a table is spread over machines."""

_KEY: Final = re.compile(r"(?:PRIMARY KEY|UNIQUE|FOREIGN KEY|REFERENCES \w+|CREATE INDEX \w+ ON \w+) \(([^)]*)\)")
_SOURCES: Final = sorted(
    path
    for folder in ("sql", "postgres")
    for path in (Path(salon_crm.__file__).parent / "adapters" / folder).glob("*.py")
)
_TEXT: Final = re.compile(r'"""(?:.|\n)*?"""|"[^"\n]*"')


def test_every_key_of_every_table_begins_with_whose_row_it_is() -> None:
    made = [statement for statement in ddl() if not statement.startswith("INSERT")]
    for name in table_names():
        keys = [key for statement in made if re.search(rf"\b{name}\b", statement) for key in _KEY.findall(statement)]
        assert keys, name
        for key in keys:
            assert key.startswith(OWNER) or name == "crm_schema", (name, key)


def test_every_table_of_salons_is_guarded_for_its_owner_too() -> None:
    made = ddl()
    for name in table_names():
        guarded = [f"ALTER TABLE {name} {what} ROW LEVEL SECURITY" in made for what in ("ENABLE", "FORCE")]
        assert guarded == [name != "crm_schema"] * 2, name


@pytest.mark.parametrize("source", _SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_statement_uses_what_is_not_portable(source: Path) -> None:
    texts = [text for text in _TEXT.findall(source.read_text(encoding="utf-8")) if not text.startswith('"""')]
    for word in NOT_PORTABLE:
        assert [text for text in texts if re.search(rf"\b{word}\b", text)] == [], word


def test_the_page_on_relatives_spreads_every_table_by_whose_row_it_is_and_together() -> None:
    page = (Path(__file__).parents[2] / "docs/explanation/relatives-of-postgresql.md").read_text(encoding="utf-8")
    told = re.findall(r"SELECT create_distributed_table\('(\w+)', '(\w+)'(?:, colocate_with => '(\w+)')?\);", page)
    first, *others = (name for name in table_names() if name != "crm_schema")
    assert told == [(first, OWNER, ""), *((name, OWNER, first) for name in others)]
    assert "SELECT create_reference_table('crm_schema');" in page


def test_what_is_looked_for_is_found_where_it_stands() -> None:
    assert _KEY.findall("CREATE TABLE t (\n  id text,\n  PRIMARY KEY (id)\n)") == ["id"]
    assert _TEXT.findall('x = "LOCK TABLE t"') == ['"LOCK TABLE t"']
