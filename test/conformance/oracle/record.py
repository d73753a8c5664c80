"""
python record.py [FILE ...]

Records scenarios (files with one, or with one on each line; default: lines of standard input) from the SQLAlchemy that
is installed, and writes each on a line of its own. A scenario that is wrong in itself gives a line with an `invalid`.
"""

import json
import sys

from world import record


def scenarios(files):
    if not files:
        yield from map(json.loads, sys.stdin)
    for file in files:
        with open(file) as opened:
            text = opened.read()
        if file.endswith(".jsonl"):
            yield from map(json.loads, text.splitlines())
        else:
            yield json.loads(text)


if __name__ == "__main__":
    for scenario in scenarios(sys.argv[1:]):
        try:
            line = record(scenario)
        except Exception as error:  # the scenario's own, or one that the format has no name for
            line = {"name": scenario.get("name"), "invalid": f"{type(error).__name__}: {error}"}
        print(json.dumps(line, separators=(",", ":"), ensure_ascii=False), flush=True)
