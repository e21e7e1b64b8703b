"""Reads a Parquet file from standard input and writes its rows to standard output, in Arrow's stream format.

`parquet.py` runs it as a program, since pyarrow ends the process, or takes all memory, for some damaged files; it
imports nothing of this project. Its arguments are those of `main`. It writes what is wrong to standard error.
"""

import sys
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq

TOO_LARGE = 3  # exit status where rows expand to more than they may
TOO_WIDE = 4  # where there are more columns, whose number is then the last word on standard error


def main(most: int, memory: int, rows: int, columns: int) -> int:
    """Read, check and write the rows.

    Args:
        most: Bytes that rows may expand to at a time.
        memory: Bytes that this process may hold.
        rows: How many are read at a time.
        columns: How many there may be.

    Returns:
        The exit status: 0, TOO_LARGE or TOO_WIDE.
    """
    with suppress(ImportError, ValueError):  # not every system can hold a process back
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    pa.set_cpu_count(1)
    data = pa.BufferReader(sys.stdin.buffer.read())
    schema = pq.ParquetFile(data).schema
    if len(schema) > columns:  # a column of rows takes its room however little it holds
        print(len(schema), file=sys.stderr)
        return TOO_WIDE
    # Equal strings are held once until it is known how large all are together.
    file = pq.ParquetFile(data, read_dictionary=[schema.column(position).path for position in range(len(schema))])
    if any(schema.column(position).length > most // rows for position in range(len(schema))):
        return TOO_LARGE  # values of a fixed length, which cannot be held once
    batches = file.iter_batches(rows, use_threads=False)
    with pa.ipc.new_stream(sys.stdout.buffer, file.schema_arrow) as stream:
        for batch in batches:
            batch.validate(full=True)  # a damaged file may hold strings that are not UTF-8
            if batch.nbytes > most:
                return TOO_LARGE
            stream.write_batch(batch)
    return 0


if __name__ == "__main__":
    try:
        status = main(*map(int, sys.argv[1:]))
    except MemoryError:  # pyarrow's own is one of this kind
        sys.exit(TOO_LARGE)
    except Exception as error:
        sys.exit(f"{error}"[:1_000])
    sys.exit(status)
