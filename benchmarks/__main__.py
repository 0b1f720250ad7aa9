"""`make bench`: each figure beside its baseline from the same run. Machines are noisy: read the ratios."""

from __future__ import annotations

from benchmarks import archive, collecting, curation, delivery, mail, start
from benchmarks.table import Row, show


def main() -> None:
    """Measure everything and print one table."""
    rows: list[Row] = [
        *start.rows(),
        *collecting.rows(),
        *mail.rows(),
        *delivery.rows(),
        *archive.rows(),
        *curation.rows(),
    ]
    show(rows)
    print(f"\n{collecting.memory()}")
    for line in [*archive.figures(), *curation.figures()]:
        print(line)


if __name__ == "__main__":
    main()
