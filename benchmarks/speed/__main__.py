"""`python -m benchmarks.speed`: measure the speed, print tables, write the report and the plot."""

import argparse
import sys
from time import perf_counter

from benchmarks.speed.rates import FULL, QUICK
from benchmarks.speed.run import measure, publish


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one or two minutes with a tenth of the points; writes speed_quick.*",
    )
    return parser.parse_args()


def main() -> None:
    arguments = read_arguments()
    begin = perf_counter()

    def log(message: str) -> None:
        print(f"[{perf_counter() - begin:4.0f} s] {message}", file=sys.stderr, flush=True)

    found = measure(QUICK if arguments.quick else FULL, log)
    print(publish(found, "speed_quick" if arguments.quick else "speed"))
    log("done")


if __name__ == "__main__":
    main()
