"""Bytes and records of a store by account and day, as deltalake reads its log and duckdb its files; both must agree."""

import os
import sys

import duckdb
from deltalake import DeltaTable, QueryBuilder

folder = sys.argv[1]
table = DeltaTable(folder)
assert (table.protocol().min_reader_version, table.protocol().min_writer_version) == (1, 2), table.protocol()
assert any(name.endswith(".checkpoint.parquet") for name in os.listdir(folder + "/_delta_log"))

query = """
    select coalesce(account_id, '') as account_id, cast(day as varchar) as day,
        cast(sum(bytes) as varchar) as bytes, cast(sum(records) as varchar) as flows
    from {} where kind = 'fact' group by 1, 2 order by 1, 2
"""
by_log = QueryBuilder().register("store", table).execute(query.format("store")).read_all()
by_log = list(zip(*(by_log[name].to_pylist() for name in ["account_id", "day", "bytes", "flows"])))

files = table.file_uris()
read = "read_parquet($files, hive_partitioning = true, union_by_name = true)"
by_file = duckdb.sql(query.format(read), params={"files": files}).fetchall()
assert by_log == by_file, (by_log, by_file)

# What the log says of the files is so.
counted = sum(table.get_add_actions(flatten=True)["num_records"].to_pylist())
assert (counted,) == duckdb.sql(f"select count(*) from {read}", params={"files": files}).fetchall()[0]


# The queries that the docs show can be asked as they stand there; the extension `delta` gives the files that the log names.
page = open(sys.argv[2], encoding="utf-8").read()
shown = page.split("```sql\n")[1].split("```")[0].replace("delta_scan('STORE')", read)
queries = [line for line in shown.splitlines() if line and not line.startswith("--")]
assert len(queries) == 6, queries
answers = [duckdb.sql(query, params={"files": files}).fetchall() for query in queries]
assert all(answers[:4]), answers
assert [(account or "", str(day), str(total)) for account, day, total in answers[0]] == [row[:3] for row in by_file]

print("account_id,day,bytes,flows")
for row in by_file:
    print(",".join(row))
