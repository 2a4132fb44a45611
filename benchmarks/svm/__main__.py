"""`python -m benchmarks.svm`: measure the online support vector machines against targets."""

import argparse
from pathlib import Path

from benchmarks.svm import companion, kernel, sparse, streams
from benchmarks.svm.table import Row, write_rows


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.svm", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--streams", type=Path, metavar="FOLDER", help="tables with classes")
    parser.add_argument(
        "--only", choices=("sparse", "kernel", "streams", "companion"), help="measure one part only"
    )
    return parser.parse_args()


def main() -> None:
    arguments = read_arguments()
    divisor = 10 if arguments.quick else 1
    rows: list[Row] = []
    if arguments.only in (None, "sparse"):
        rows += sparse.measure_speed(*sparse.make_documents(sparse.N_ROWS // divisor))
        rows += sparse.measure_quality(sparse.N_ROWS // divisor)
    if arguments.only in (None, "kernel"):
        rows += kernel.measure_rows_one_by_one()
        rows += kernel.measure_speed(200_000 // divisor)
        rows += kernel.measure_quality()
    if arguments.only in (None, "streams"):
        rows += streams.measure_streams(arguments.streams)
    if arguments.only in (None, "companion"):
        rows += companion.measure_costs(1_000_000 // divisor)
    print(write_rows(rows))


if __name__ == "__main__":
    main()
