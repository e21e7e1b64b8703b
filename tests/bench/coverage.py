"""How often intervals hold the truth, and tests find what is there or what is not: worlds of known truth, tried.

For each claim of `claims.py` it prints the share of the worlds by the number of reviews, or of seeds, and whether that
is as wanted; it ends with status 1 where one is not.
"""

import argparse
import sys
import time
from collections.abc import Sequence

from common import print_table

from tests.bench.claims import CLAIMS, FEWEST, REVIEWS, SEEDS, Claim


def measure_claims(claims: Sequence[Claim], worlds: int | None) -> tuple[list[list[str]], list[str]]:
    """A row for each claim, and what is not as wanted; worlds: of each, None for a few."""
    rows, broken = [], []
    for claim in claims:
        start, cells = time.perf_counter(), []
        for size in claim.sizes:
            share, error = claim.measure(size, worlds or claim.quick)
            kept = claim.is_kept(size, share, error)
            cells.append("–" if share != share else f"{100 * share:.1f}{'' if kept else ' !'}")
            if not kept:
                broken.append(f"{claim.title}, {size:,}: {100 * share:.1f} ± {100 * error:.1f} %")
        rows.append([claim.title, *cells, f"{time.perf_counter() - start:.1f} s"])
    return rows, broken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few worlds of each")
    parser.add_argument("--worlds", type=int, default=FEWEST, help="how many worlds of each")
    parser.add_argument("--only", default="", help="part of the claims' titles")
    options = parser.parse_args()
    worlds = None if options.quick else options.worlds
    broken = []
    for noun, sizes in (("reviews", REVIEWS), ("seeds", SEEDS), ("tests", (20,))):
        chosen = [claim for claim in CLAIMS if claim.sizes == sizes and options.only in claim.title]
        if chosen:
            rows, found = measure_claims(chosen, worlds)
            broken += found
            print_table([f"% of worlds, by {noun}", *(f"{size:,}" for size in sizes), "time"], rows)
            print()
    print("\n".join(["Not as wanted:", *broken]) if broken else "All is as wanted.")
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
