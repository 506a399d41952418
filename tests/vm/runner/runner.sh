#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What `ktstr test` makes of each way in which a test can end, on a stock kernel.
#
# usage: runner.sh KTSTR CASES
set -euo pipefail

ktstr=$(realpath "$1")
cases=$(realpath "$2")
kernel=7.3
unset KTSTR_NO_SKIP_MODE
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export KTSTR_RUN_DIR=$work/runs
failures=0

# run STATUS ARGUMENT...: into ./out and ./err
run() {
	local wanted=$1 status=0

	shift
	"$ktstr" test "$@" --kernel "$kernel" </dev/null >out 2>err || status=$?
	[ "$status" = "$wanted" ] ||
		complain "status $status, not $wanted, of: ktstr test $*"
}

complain() {
	failures=$((failures + 1))
	printf 'FAIL %s\n' "$*"
	sed 's/^/  out: /' out
	sed 's/^/  err: /' err
}

# has TEXT [FILE]
has() {
	grep -qF -- "$1" "${2:-out}" || complain "no \"$1\" in ${2:-out}"
}

run 0 "$cases" --list
has passes
has '1n2l2c1t'

run 0 "$cases" -k passes
has 'pass passes [1n2l2c1t]'
sidecar=$(find "$KTSTR_RUN_DIR" -name 'passes.ktstr.json')
[ -n "$sidecar" ] || complain "no sidecar of passes"
python3 - "$sidecar" <<'END' || complain "the sidecar is not as it should be"
import json, sys
run = json.load(open(sys.argv[1]))
text = json.dumps(run)
assert '"pass"' in text and '"cpus"' in text, text
END

run 1 "$cases"
has 'pass passes'
has 'fail fails '
has 'stuck 3500ms on cpu0 at +1200ms'
has 'skip skips'
has 'inconclusive proves_nothing'
has 'pass fails_as_expected'
has 'fail crashes'
has 'about to crash'
has "the test's process was killed by signal 11 (Segmentation fault)"
has 'fail hangs'
has 'the test was still running after 3 s'
has 'fail panics'
has "the guest's kernel panicked"
has 'pass prints_a_lot'
has '10 runs: 4 passed, 4 failed, 1 inconclusive, 1 skipped'
[ "$(wc -c <out)" -lt 65536 ] || complain "what a test prints floods the report"

# Two kernels at once, each told of and with results of its own.
run 0 "$cases" -k passes --kernel 6.18 -j 2
has 'pass passes (6.18) [1n2l2c1t]'
has 'pass passes (7.3) [1n2l2c1t]'
has '2 runs: 2 passed'

# Half of a gauntlet of two presets and two kernels; and the other half.
run 0 "$cases" --gauntlet -k roams --kernel 6.18 --list
[ "$(grep -c '^roams (tiny-[12]llc, ' out)" = 4 ] || complain "no gauntlet of 4"
cp out all
for shard in 1 2; do
	run 0 "$cases" --gauntlet -k roams --kernel 6.18 --shard "$shard/2" --list
	cat out >>halves
done
sort halves | diff - <(sort all) >out || complain "halves that are no whole"
run 0 "$cases" --gauntlet -k roams --kernel 6.18 --shard 1/2 -j 2
has '2 runs: 2 passed'
python3 - "$KTSTR_RUN_DIR" >out 2>&1 <<'END' || complain "a gauntlet's results"
import glob, json, sys
runs = [json.load(open(path)) for path in
	glob.glob(sys.argv[1] + "/roams.tiny-*.ktstr.json")]
assert len(runs) == 2, runs
for run in runs:
	assert run["topology"]["cpus"] == 4, run
	assert run["topology"]["preset"] in ("tiny-1llc", "tiny-2llc"), run
	assert run["metrics"][0]["value"] == 4, run
	kernel = run["kernel"]
	assert kernel["release"].startswith(kernel["name"] + "."), run
	assert run["notes"] == ["kernel " + kernel["release"]], run
END

# What the test is not meant for is a skip, and runs no machine.
run 77 "$cases" -k roams --topology 1n1l5c1t
has 'the test is not meant for this machine: 5 cpus, but max_cpus is 4'
KTSTR_NO_SKIP_MODE=1 run 1 "$cases" -k roams --topology 1n1l5c1t
run 125 "$cases" -k roams --topology 1n1l5c1t --bisect

# A signal ends what is running, and what is over is reported.
status=0
"$ktstr" test "$cases" -k skips --repeat 1000 -j 2 --kernel "$kernel" \
	</dev/null >out 2>err &
pid=$!
for ((i = 0; i < 3000; i++)); do
	grep -q '^skip skips (1 of 1000)' out && break
	sleep 0.1
done
kill -TERM "$pid"
wait "$pid" || status=$?
[ "$status" = 143 ] || complain "status $status after a signal"
has 'interrupted, '
has ' of 1000 runs: '

run 77 "$cases" -k skips
run 2 "$cases" -k proves_nothing
KTSTR_NO_SKIP_MODE=1 run 1 "$cases" -k skips
run 1 "$cases" -k fails --format tap
has 'not ok'
run 0 "$cases" -k fails_as_expected --format junit
has '<testsuite'

# A test binary run plainly is `ktstr test` of itself.
status=0
KTSTR=$ktstr KTSTR_KERNEL=$kernel "$cases" -k passes </dev/null >out 2>err || status=$?
[ "$status" = 0 ] || complain "status $status of the binary itself"
has 'pass passes [1n2l2c1t]'

run 125 /bin/true
has 'test binary' err
run 125 "$cases" -k no_such_test

if [ "$failures" -gt 0 ]; then
	echo "$failures checks failed"
	exit 1
fi
echo "all is as it should be"
