"""The libraries compared with, each loaded only where it takes part: none is needed to run a benchmark.

They are loaded by name and have no types here, so that type checkers find the same whether or not they are
installed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any

from bench.timing import Report


class Absent(Exception):
    """A peer is not installed."""


def load(module: str) -> Any:
    """Return a module of a peer; raises Absent where it is not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError as missing:
        raise Absent(f"{missing.name} is not installed; see bench/requirements.txt") from None


def join(report: Report, contenders: dict[str, Any], name: str, make: Callable[[], Any]) -> None:
    """Let a peer take part where it is installed, and note where it is not."""
    try:
        contenders[name] = make()
    except Absent as absent:
        report.skip(name, str(absent))


def django(database: str | Mapping[str, str], *apps: str) -> Any:
    """Return ``django.db`` set up on a SQLite file, or as Django describes a database, with these apps; once."""
    described = {"ENGINE": "django.db.backends.sqlite3", "NAME": database} if isinstance(database, str) else database
    for app in apps:
        load(app)
    load("django.conf").settings.configure(
        DATABASES={"default": dict(described)},
        INSTALLED_APPS=(*apps, "bench"),  # what the model below belongs to, or it could not be copied
        USE_TZ=True,
        DEBUG=False,
    )
    load("django").setup()
    return load("django.db")


def django_customer(fields: Mapping[str, Any], index: Sequence[str] = ()) -> Any:
    """Return a model of the table ``customer`` with these fields, and an index on some where any are named.

    A field called id is made the primary key.
    """
    models = load("django.db.models")
    indexes = [models.Index(fields=index, name="looked_up")] if index else []
    meta = type("Meta", (), {"app_label": "bench", "db_table": "customer", "indexes": indexes})
    key = {"id": models.CharField(max_length=36, primary_key=True)}
    return type("Customer", (models.Model,), {"__module__": __name__, "Meta": meta, **key, **fields})


def sqlalchemy_customer(url: str, columns: Iterable[str]) -> tuple[Any, Any]:
    """Return a factory of sessions on a database, and a class mapped to ``customer`` and these columns of text."""
    sa, orm = load("sqlalchemy"), load("sqlalchemy.orm")
    registry = orm.registry()
    made = (sa.Column(name, sa.String, primary_key=name == "id") for name in columns)
    customer = type("Customer", (), {})
    registry.map_imperatively(customer, sa.Table("customer", registry.metadata, *made))
    return orm.sessionmaker(sa.create_engine(url)), customer
