"""`make bench`: each figure beside its baseline from the same run. Machines are noisy: read the ratios."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import chain

from benchmarks import (
    archive,
    collecting,
    counter,
    curation,
    delivery,
    filtering,
    importing,
    labelled,
    mail,
    order,
    scale,
    start,
    trips,
    weight,
    whole,
)
from benchmarks.table import Row, show


def main(arguments: Sequence[str]) -> None:
    """Measure everything and print one table;

    With `scale NUMBER` only what so many readers cost,
    with `import NUMBER` only what importing so many costs,
    with `order` only how good the order without a model is,
    with `trips` only how far a reply, a form and an edit travel through the code,
    with `weight` only what an installation weighs.
    """
    if arguments[:1] == ["scale"]:
        for line in scale.figures(*map(int, arguments[1:])):
            print(line, flush=True)
        return
    if arguments[:1] == ["import"]:
        for line in importing.figures(*map(int, arguments[1:])):
            print(line, flush=True)
        return
    if arguments in (["trips"], ["weight"]):
        for line in trips.lines() if arguments == ["trips"] else weight.lines():
            print(line, flush=True)
        return
    if arguments == ["order"]:
        if place := labelled.folder():
            for line in chain(order.figures(place), filtering.figures(place)):
                print(line, flush=True)
        return
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
    for line in [*counter.lines(), *whole.lines(), *archive.figures(), *curation.figures()]:
        print(line)
    for line in chain(scale.figures(), weight.lines()):
        print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
