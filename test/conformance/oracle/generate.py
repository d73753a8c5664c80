"""
python generate.py --seeds 1-100 [--flavour NAME ...] [--wild] SCHEMAS ...

Writes random courses with what SQLAlchemy does in them, a scenario on each line. The mappings are those of recorded
scenarios: a flavour is what follows the number in the name of a random recording (`fuzz_00001_o2m_passive`), or the whole
name of another scenario. Every flavour gets every seed.
"""

import argparse
import glob
import json
import os
import random
import re
import sys

import sqlalchemy as sa

from courses import Course
from record import scenarios
from world import ScenarioError, record


AGAIN = 2


def flavours(places):
    """The different schemas of each flavour."""
    found = {}
    for scenario in scenarios(files(places)):
        name = re.sub(r"^(fuzz_\d+_|g\d+_)", "", scenario["name"])
        known = found.setdefault(name, [])
        if scenario["schema"] not in known:
            known.append(scenario["schema"])
    return found


def files(places):
    for place in places:
        yield from sorted(glob.glob(os.path.join(place, "*.json"))) if os.path.isdir(place) else [place]


def course(flavour, schemas, seed, wild):
    random_ = random.Random(f"{flavour} {seed}")
    made = Course(random_.choice(schemas), f"{flavour} {seed} {wild}", wild)
    steps, expected = made.make()
    recorded = {
        "format": 1, "name": f"g{seed}_{flavour}{'_w' if wild else ''}", "area": "random", "options": made.options,
        "schema": made.schema, "recordedWith": f"SQLAlchemy {sa.__version__} / sqlite", "steps": steps, "expected": expected,
    }
    for again in range(AGAIN):
        ballast = [object() for _ in range(random_.randrange(10_000))]  # other addresses
        if record(recorded)["expected"] != expected:
            raise ScenarioError("depends on chance")
    return recorded


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", default="1-10")
    parser.add_argument("--flavour", action="append")
    parser.add_argument("--wild", action="store_true")
    parser.add_argument("schemas", nargs="+")
    options = parser.parse_args()
    first, last = map(int, options.seeds.split("-"))
    for flavour, schemas in sorted(flavours(options.schemas).items()):
        if options.flavour and flavour not in options.flavour:
            continue
        for seed in range(first, last + 1):
            try:
                print(json.dumps(course(flavour, schemas, seed, options.wild), separators=(",", ":"), ensure_ascii=False))
            except Exception as error:  # a course that the generator cannot finish is left out
                print(f"{flavour} {seed}: {type(error).__name__} {str(error)[:200]}", file=sys.stderr)
