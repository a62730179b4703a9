"""What the database does for a statement: full scans of large tables, sorts, and how many rows or steps it takes."""

import json
import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection

from collections_app.models import AuditEvent, Image, ImageName, IndexJob

LARGE_TABLES = {model._meta.db_table for model in (AuditEvent, Image, ImageName, IndexJob)}
_ALIAS = re.compile(r'"?(\w+)"? (?:AS )?"?(U\d+|V\d+|W\d+|T\d+|image)"?\b')
_SCAN = re.compile(r"SCAN (\w+)")
# A sort of collections, members or searches is not reported: settings limit how many there are.
_QUOTED = [f'"{table}"' for table in LARGE_TABLES]
_READS = ("SELECT", "WITH")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    sql: str
    params: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`problems` names scans and sorts. `work` counts rows that PostgreSQL read, or steps of SQLite's machine."""

    problems: tuple[str, ...]
    work: int
    text: str


@contextmanager
def record_statements() -> Iterator[list[Statement]]:
    found: list[Statement] = []

    def record(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip("( ").startswith(_READS):
            found.append(Statement(sql=sql, params=params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(record):
        yield found


def explain(statement: Statement) -> Plan:
    return _explain_sqlite(statement) if connection.vendor == "sqlite" else _explain_postgresql(statement)


def _explain_sqlite(statement: Statement) -> Plan:
    with connection.cursor() as cursor:
        # A new text each time: otherwise Python reuses the earlier statement, with indexes that were dropped since.
        cursor.execute(f"EXPLAIN QUERY PLAN {statement.sql} -- {uuid.uuid4()}", statement.params)
        lines = [row[3] for row in cursor.fetchall()]
    tables = defaultdict(set)  # an alias may stand for several tables, in several subqueries
    for table, alias in _ALIAS.findall(statement.sql):
        tables[alias].add(table)
    problems = []
    is_large = any(table in statement.sql for table in _QUOTED)
    for line in lines:
        scan = _SCAN.match(line)
        scanned = {scan[1], *tables[scan[1]]} & LARGE_TABLES if scan and "VIRTUAL TABLE" not in line else set()
        if scanned:
            problems.append(f"scan of {', '.join(sorted(scanned))}")
        elif line.startswith("USE TEMP B-TREE FOR") and is_large:
            problems.append("sort")
    return Plan(problems=tuple(problems), work=_count_steps(statement), text="\n".join(lines))


def _count_steps(statement: Statement) -> int:
    """Return how many thousand steps the statement takes, times 1,000."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1000
        return 0

    connection.connection.set_progress_handler(count, 1000)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, statement.params)
            cursor.fetchall()
    finally:
        connection.connection.set_progress_handler(None, 1000)
    return steps


def _explain_postgresql(statement: Statement) -> Plan:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, VERBOSE, FORMAT JSON) {statement.sql}", statement.params)
        found = cursor.fetchone()[0]
    root = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    problems, work = [], 0
    for node in _iterate_nodes(root):
        kind, table = node["Node Type"], node.get("Relation Name", "")
        removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        if table in LARGE_TABLES:
            work += (node["Actual Rows"] + removed) * node["Actual Loops"]
            if kind == "Seq Scan":
                problems.append(f"scan of {table}")
        # An incremental sort only sorts rows of equal dates, which an index gives in turn.
        if kind == "Sort" and any(table in statement.sql for table in _QUOTED):
            problems.append("sort")
    return Plan(problems=tuple(problems), work=int(work), text=json.dumps(root, indent=1))


def _iterate_nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _iterate_nodes(child)
