"""Writes the Parquet files of a folder anew with snappy, as most tools do by default: `snappy.py FROM TO` (pyarrow)."""
import pathlib, sys

import pyarrow.parquet as parquet

source, target = map(pathlib.Path, sys.argv[1:3])
for path in sorted(source.rglob("*.parquet")):
    out = target / path.relative_to(source)
    out.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(parquet.read_table(path), out, compression="snappy")
