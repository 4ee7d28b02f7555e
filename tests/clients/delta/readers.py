#!/usr/bin/env python3
"""Reads Delta tables that the emulator writes with real engines, and compares them with an oracle.

usage: readers.py PROGRAM [--tables N] [--seed N]

PROGRAM is the test binary `it`. It gets a plan of random tables, files and commits, and writes the tables with its test
`delta::tables_of_a_plan_are_written`. delta-rs, DuckDB, Polars and pyarrow read them; each version is compared, too.
Needs deltalake, duckdb, duckdb-extension-delta (of DuckDB's version), polars and pyarrow.
"""
import argparse
import collections
import datetime as dt
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
from decimal import Decimal

import duckdb
import duckdb_extension_delta
import polars
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

UTC = dt.timezone.utc
MARK = "__rowMarker__"
KINDS = {  # kind: arrow type, type in Delta, value
    "i64": (pa.int64(), "long", lambda r: r.choice([0, -1, 2**63 - 1, -(2**63), r.randint(-99, 99)])),
    "i32": (pa.int32(), "integer", lambda r: r.choice([0, 2**31 - 1, -(2**31), r.randint(-99, 99)])),
    "i16": (pa.int16(), "short", lambda r: r.choice([0, 32767, -32768])),
    "i8": (pa.int8(), "byte", lambda r: r.choice([0, 127, -128])),
    "u8": (pa.uint8(), "short", lambda r: r.choice([0, 255])),
    "u16": (pa.uint16(), "integer", lambda r: r.choice([0, 65535])),
    "u32": (pa.uint32(), "long", lambda r: r.choice([0, 2**32 - 1])),
    "u64": (pa.uint64(), "decimal(20,0)", lambda r: r.choice([0, 2**64 - 1])),
    "f32": (pa.float32(), "float", lambda r: r.choice([0.0, 0.5, -1.25, float("inf")])),
    "f64": (pa.float64(), "double", lambda r: r.choice([0.1, -1e300, 5e-324])),
    "f16": (pa.float16(), "float", lambda r: r.choice([0.0, 0.5, -2.0, 65504.0])),
    "bool": (pa.bool_(), "boolean", lambda r: r.random() < 0.5),
    "text": (pa.string(), "string", lambda r: r.choice(["", "a", "Zürich", "日本", "🦀", "two\nlines", "x,y"])),
    "bin": (pa.binary(), "binary", lambda r: bytes(r.randrange(256) for _ in range(r.randint(0, 9)))),
    "fix": (pa.binary(5), "binary", lambda r: bytes(r.randrange(256) for _ in range(5))),
    "date": (pa.date32(), "date", lambda r: dt.date(1970, 1, 1) + dt.timedelta(days=r.randint(-20000, 30000))),
    "ms": (pa.timestamp("ms"), "timestamp", lambda r: instant(r).replace(microsecond=123000)),
    "us": (pa.timestamp("us", "UTC"), "timestamp", lambda r: instant(r)),
    "ns": (pa.timestamp("ns", "UTC"), "timestamp", lambda r: instant(r)),
    "d9": (pa.decimal128(9, 2), "decimal(9,2)", lambda r: Decimal(r.choice([0, 10**9 - 1, 1 - 10**9])).scaleb(-2)),
    "d18": (pa.decimal128(18, 4), "decimal(18,4)", lambda r: Decimal(r.choice([0, 10**18 - 1, 1 - 10**18])).scaleb(-4)),
    "d38": (pa.decimal128(38, 10), "decimal(38,10)", lambda r: Decimal(r.choice([0, -7, 10**20])).scaleb(-10)),
}
TEXT_KINDS = {"i64": "Int64", "i32": "Int32", "i16": "Int16", "f64": "Double", "bool": "Boolean", "text": "String", "date": "IDate", "us": "DateTime"}
KEYS = ["i64", "i32", "text", "date", "d18", "us"]


def instant(r):
    return dt.datetime(2000, 1, 1, tzinfo=UTC) + dt.timedelta(microseconds=r.randint(-(10**15), 10**15))


def canon(value):
    if isinstance(value, bool):
        return ("b", value)
    if isinstance(value, (int, Decimal)):
        return ("n", str(Decimal(value).normalize()) if value else "0")
    if isinstance(value, float):
        return ("f", repr(value))
    if isinstance(value, dt.datetime):
        return ("t", (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="microseconds"))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return ("x", bytes(value).hex())
    return (type(value).__name__, str(value))


def bag(rows):
    """The rows as a multiset. NULL equals a missing column."""
    return collections.Counter(frozenset((k, canon(v)) for k, v in row.items() if v is not None) for row in rows)


class Table:
    """A producer's table and its oracle."""

    def __init__(self, r, number, folder):
        self.r, self.name, self.folder = r, f"t{number}", folder
        self.csv = self.text_rules() if r.random() < 0.25 else None
        kinds = list(TEXT_KINDS if self.csv else KINDS)
        key_kinds = [kind for kind in KEYS if kind in kinds]
        self.keys = [("k1", r.choice(key_kinds)), ("k2", r.choice(key_kinds))][: r.choice([0, 1, 1, 2])]
        self.upsert = bool(self.keys) and r.random() < 0.3
        self.columns = self.keys + [(f"c{i}", kind) for i, kind in enumerate(r.sample(kinds, r.randint(1, 8)))]
        if self.csv:
            self.csv["columns"] = [[name, TEXT_KINDS[kind]] for name, kind in self.columns]
        self.domain = [tuple(KINDS[kind][2](r) for _, kind in self.keys) for _ in range(12)]
        self.rows, self.known, self.states = [], {}, []
        self.commits = [self.commit(number) for number in range(r.randint(1, 6))]

    def text_rules(self):
        r, quote = self.r, self.r.choice("\"'")
        return {"sep": r.choice(",;|\t"), "row": r.choice(["", "\n", "\r\n"]), "quote": quote, "escape": r.choice(["\\", "/", quote]),
                "null": r.choice(["N/A", "null"]), "encoding": r.choice(["utf-8", "utf-8", "utf-16"])}

    def commit(self, number):
        names = [self.file(f"{self.name}-{number}-{i}", number == i == 0) for i in range(self.r.choice([1, 1, 1, 2, 3]))]
        self.states.append((bag(self.rows), dict(self.known)))
        return names

    def file(self, name, is_first):
        r = self.r
        if self.csv:
            columns = list(self.columns)
            r.shuffle(columns)
            rows, marks = self.content(columns, True)
            (self.folder / name).write_bytes(self.encode_text(columns, rows, marks))
            self.apply(self.columns, rows, marks)
            return name
        if not is_first and r.random() < 0.25:
            self.columns.append((f"x{len(self.columns)}", r.choice(list(KINDS))))
        columns = [c for c in self.columns if c in self.keys or r.random() < 0.85] or self.columns[:1]
        if r.random() < 0.2:
            r.shuffle(columns)
        is_marked = r.random() < (0.75 if self.keys else 0.3)
        rows, marks = self.content(columns, is_marked)
        self.write_parquet(name, columns, rows, marks if is_marked else None)
        self.apply(columns, rows, marks)
        return name

    def content(self, columns, is_marked):
        r, rows, marks = self.r, [], []
        count = r.choice([0, 1, 3, 9, 40])
        for _ in range(count):
            key = dict(zip([k for k, _ in self.keys], r.choice(self.domain))) if self.keys else {}
            mark = r.choice([0, 1, 2, 4]) if is_marked and self.keys else 4 if self.upsert and not is_marked else 0
            values = {n: None if r.random() < 0.2 else KINDS[kind][2](r) for n, kind in columns if n not in key}
            rows.append(key | values)
            marks.append(mark)
        return rows, marks

    def encode_text(self, columns, rows, marks):
        rules = self.csv
        sep, quote = rules["sep"], rules["quote"]

        def cell(value):
            if value is None:
                return rules["null"]
            if isinstance(value, bool):
                return str(value).lower()
            if isinstance(value, dt.datetime):
                return value.strftime("%Y-%m-%d %H:%M:%S.%f")
            if isinstance(value, str) and (set(value) & {sep, quote, "\n"} or self.r.random() < 0.2):
                return quote + value.replace(quote, rules["escape"] + quote) + quote
            return str(value)

        lines = [[name for name, _ in columns] + [MARK]]
        lines += [[cell(row[name]) for name, _ in columns] + [str(mark)] for row, mark in zip(rows, marks)]
        return "".join(sep.join(line) + (rules["row"] or "\r\n") for line in lines).encode(rules["encoding"])

    def write_parquet(self, name, columns, rows, marks):
        r = self.r
        fields = [pa.field(n, KINDS[kind][0]) for n, kind in columns]
        data = [pa.array([row[n] for row in rows], self.arrow(kind)) for n, kind in columns]
        if marks is not None:
            kind = r.choice([pa.int32(), pa.int32(), pa.int64(), pa.int8()])
            fields.append(pa.field(MARK, kind))
            data.append(pa.array(marks, kind))
        table = pa.table([column.cast(field.type) for column, field in zip(data, fields)], schema=pa.schema(fields))
        pq.write_table(
            table, self.folder / name, compression=r.choice(["none", "snappy", "gzip", "zstd"]), row_group_size=r.choice([3, 1000]),
            use_dictionary=r.random() < 0.6, data_page_version=r.choice(["1.0", "2.0"]), store_schema=r.random() < 0.5,
            version=r.choice(["2.6", "2.6", "2.4"]), use_deprecated_int96_timestamps=r.random() < 0.2,
        )

    def arrow(self, kind):
        return {"ms": pa.timestamp("us"), "ns": pa.timestamp("us", "UTC"), "f16": pa.float32()}.get(kind, KINDS[kind][0])

    def apply(self, columns, rows, marks):
        for name, kind in columns:
            self.known.setdefault(name, KINDS[kind][1])
        for row, mark in zip(rows, marks):
            if mark:
                self.rows = [old for old in self.rows if any(old[k] != row[k] for k, _ in self.keys)]
            if mark != 2:
                self.rows.append(row)

    def plan(self):
        return {"name": self.name, "keys": [k for k, _ in self.keys], "upsert": self.upsert, "csv": self.csv, "commits": self.commits}


def read_all(path, version):
    """The rows and columns that each engine reads from the last version."""
    yield "delta-rs", DeltaTable(path).to_pyarrow_table()
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    connection.execute("SET TimeZone='UTC'")
    load_delta(connection)
    yield "DuckDB", connection.execute(f"SELECT * FROM delta_scan('{path}')").to_arrow_table()
    yield "Polars", polars.read_delta(str(path)).to_arrow()


def load_delta(connection):
    folder = os.path.join(os.path.dirname(duckdb_extension_delta.__file__), "extensions", "v" + duckdb.__version__)
    connection.execute(f"LOAD '{folder}/delta.duckdb_extension'")


def compare(table, folder):
    """Compares the last version in each engine, and the versions before in delta-rs. Returns the number of comparisons."""
    path, done = folder / table.name, 0
    states = [state for at, state in enumerate(table.states) if at == 0 or state != table.states[at - 1]]
    delta = DeltaTable(path)
    versions = delta.version() + 1
    want, types = table.states[-1]
    for who, got in read_all(path, versions):
        assert set(got.column_names) == set(types), f"{table.name}: {who} reads the columns {got.column_names}, not {list(types)}"
        assert bag(got.to_pylist()) == want, f"{table.name}: {who} reads {got.num_rows} rows, {want.total()} expected"
        done += 1
    fields = {f["name"]: f["type"] for f in json.loads(delta.schema().to_json())["fields"]}
    assert fields == types, f"{table.name}: {fields}, expected {types}"
    seen = 0
    for version in range(versions):
        got = bag(DeltaTable(path, version=version).to_pyarrow_table().to_pylist())
        seen = next((at for at in range(seen, len(states)) if states[at][0] == got), None)
        assert seen is not None, f"{table.name}: version {version} is no state after whole commits"
        done += 1
    assert len(delta.history()) == versions
    return done


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--tables", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="folder for the tables")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(options.keep or temporary)
        folder.mkdir(exist_ok=True)
        tables = [Table(random.Random(options.seed * 100_003 + i), i, folder) for i in range(options.tables)]
        (folder / "plan.json").write_text(json.dumps([table.plan() for table in tables]))
        environment = os.environ | {"SPECULARITE_DELTA_PLAN": str(folder / "plan.json")}
        command = [options.program, "--exact", "delta::tables_of_a_plan_are_written", "-q"]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        errors = json.loads((folder / "errors.json").read_text())
        failed = [(table.name, error) for table, list_ in zip(tables, errors) for error in list_ if error]
        if failed:
            sys.exit(f"readers: commits failed: {failed[:5]}")
        done = sum(compare(table, folder) for table in tables)
        print(f"readers: {len(tables)} tables, {sum(len(t.commits) for t in tables)} commits, {done} comparisons, no difference")


if __name__ == "__main__":
    main()
