#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What is done right passes, time and again. With BUSY loops beside it on the host
# none may fail, and of each at most a tenth may be left undecided by what the
# host did; without, each must pass.
#
# usage: soak.sh NEST-RUN KTSTR RIGHT TIMES BUSY
set -euo pipefail

if [ "$1" = --inside ]; then
	busy=$2
	shift 2
	loops=()
	for ((i = 0; i < busy; i++)); do
		sh -c 'while :; do :; done' &
		loops+=($!)
	done
	status=0
	"$@" || status=$?
	[ "$busy" = 0 ] || kill "${loops[@]}"
	exit "$status"
fi

nest_run=$(realpath "$1")
ktstr=$(realpath "$2")
right=$(realpath "$3")
times=$4
busy=$5
self=$(realpath "$0")
unset KTSTR_NO_SKIP_MODE
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export KTSTR_RUN_DIR=$work/runs

status=0
"$nest_run" - bash "$self" --inside "$busy" "$ktstr" test "$right" -j 1 \
	--repeat "$times" --kernel "${KTSTR_KERNEL:-7.3}" </dev/null 2>&1 |
	tee out || status=$?
[ "$status" = 0 ] || [ "$status" = 2 ] || exit 1
python3 - "$KTSTR_RUN_DIR" "$times" "$busy" <<'END'
import collections, glob, json, sys

seen = collections.defaultdict(collections.Counter)
for path in glob.glob(sys.argv[1] + "/**/*.ktstr.json", recursive=True):
    run = json.load(open(path))
    seen[run["test"]["name"]][run["verdict"]] += 1
times, busy = int(sys.argv[2]), int(sys.argv[3])
undecided = times // 10 if busy else 0
bad = not seen
for name, verdicts in sorted(seen.items()):
    print(name, dict(verdicts))
    bad |= verdicts["pass"] + verdicts["inconclusive"] < times
    bad |= verdicts["inconclusive"] > undecided
sys.exit(bad)
END
