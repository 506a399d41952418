#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What is done right passes, time and again: none may fail, and of each at most a
# tenth may be left undecided by what the host did.
#
# usage: soak.sh KTSTR RIGHT TIMES
set -euo pipefail

ktstr=$(realpath "$1")
right=$(realpath "$2")
times=$3
unset KTSTR_NO_SKIP_MODE
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export KTSTR_RUN_DIR=$work/runs

status=0
"$ktstr" test "$right" --repeat "$times" --kernel 7.3 </dev/null 2>&1 | tee out ||
	status=$?
[ "$status" = 0 ] || [ "$status" = 2 ] || exit 1
python3 - "$KTSTR_RUN_DIR" "$times" <<'END'
import collections, glob, json, sys

seen = collections.defaultdict(collections.Counter)
for path in glob.glob(sys.argv[1] + "/**/*.ktstr.json", recursive=True):
    run = json.load(open(path))
    seen[run["test"]["name"]][run["verdict"]] += 1
times = int(sys.argv[2])
bad = not seen
for name, verdicts in sorted(seen.items()):
    print(name, dict(verdicts))
    bad |= verdicts["pass"] + verdicts["inconclusive"] < times
    bad |= verdicts["inconclusive"] * 10 > times
sys.exit(bad)
END
