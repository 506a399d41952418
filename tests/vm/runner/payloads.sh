#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# stress-ng as a payload: its numbers are in the sidecar, and limits on them hold.
#
# usage: payloads.sh KTSTR PAYLOADS
set -euo pipefail

ktstr=$(realpath "$1")
payloads=$(realpath "$2")
unset KTSTR_NO_SKIP_MODE
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export KTSTR_RUN_DIR=$work/runs
status=0
"$ktstr" test "$payloads" --kernel 7.3 </dev/null >out 2>err || status=$?

fail() {
	echo "FAIL $*"
	cat out err
	exit 1
}

[ "$status" = 1 ] || fail "status $status, not 1"
grep -qF 'fail stress_ng [2n4l2c1t]' out || fail "stress_ng did not fail"
grep -qE 'greedy: bogo-ops is [0-9.e+]+, below its minimum of 1e\+12' out ||
	fail "no word of the limit"
grep -qF 'pass background' out || fail "background did not pass"
grep -qF 'pass in_steps' out || fail "in_steps did not pass"
grep -qF 'fail forgotten' out || fail "forgotten did not fail"
grep -qF 'cannot run /bin/stress-ng: No such file or directory' out ||
	fail "no word of the program that is not there"

python3 - "$(find "$KTSTR_RUN_DIR" -name 'stress_ng.ktstr.json')" <<'END' || fail "numbers"
import json, sys
metrics = {m["name"]: m for m in json.load(open(sys.argv[1]))["metrics"]}
assert metrics["stress.bogo-ops"]["value"] >= 8, metrics
assert metrics["stress.rate"]["unit"] == "1/s", metrics
assert 3.9 <= metrics["stress.wall"]["value"] <= 60, metrics
print(metrics["stress.bogo-ops"], metrics["stress.wall"])
END
