#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What `ktstr test` makes of a test's scheduler: a real one, on stock kernels.
#
# usage: scheduler.sh KTSTR CASES SCX_KTSTR
set -euo pipefail

ktstr=$(realpath "$1")
cases=$(realpath "$2")
fixture=$(realpath "$3")
unset KTSTR_NO_SKIP_MODE
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export KTSTR_RUN_DIR=$work/runs
failures=0

# run STATUS KERNEL ARGUMENT...: into ./out and ./err
run() {
	local wanted=$1 kernel=$2 status=0

	shift 2
	"$ktstr" test "$cases" --kernel "$kernel" "$@" </dev/null >out 2>err ||
		status=$?
	[ "$status" = "$wanted" ] ||
		complain "status $status, not $wanted, on $kernel of: $*"
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

has_not() {
	! grep -qF -- "$1" out || complain "there is \"$1\""
}

# Before anything is booted.
run 125 7.3 -k attaches
has 'test attaches: scheduler fixture: binary "scx_ktstr": there is no ' err
has 'build it, or correct .binary' err
printf '#!/bin/sh\n' >scx_ktstr
chmod +x scx_ktstr
run 125 7.3 -k attaches
has 'scx_ktstr is no ELF program' err
run 125 7.3 -k has_none
has 'test has_none: scheduler absent: binary "no-such-scheduler"' err
cp "$fixture" scx_ktstr

# It is found from here, comes with its libraries, and schedules the test.
run 0 6.18 -k attaches
has 'pass attaches '
run 1 7.3 -k attaches -k dies -k starves -k thrown_out -k refuses -k tuned -k told
has 'pass attaches '
sidecar=$(find "$KTSTR_RUN_DIR" -name 'attaches.ktstr.json' | head -n 1)
python3 - "$sidecar" <<'END' || complain "the sidecar is not as it should be"
import json, sys
run = json.load(open(sys.argv[1]))
assert run["test"]["scheduler"] == "fixture", run
assert run["guest"]["scheduler_log"] == "attached", run
attach = [m for m in run["metrics"] if m["name"] == "scheduler_attach"]
assert len(attach) == 1 and attach[0]["unit"] == "ms", run
assert 0 < attach[0]["value"] < 120000, run
END

# Each of these sleeps for longer than a machine is given.
has 'fail dies '
has 'waiting for the end of it'
has 'the scheduler fixture_that_exits (/opt/scheduler/scx_ktstr) exited with 3'
has 's into the test'
has '"ktstr" disabled (unregistered from user space)'
has 'fail starves '
has 'the kernel ended the scheduler fixture_that_stalls'
has '"ktstr" disabled (runnable task stall)'
has 'ktstr: starved['
has 'the kernel ended the scheduler: kind 1026'
has 'fail is_thrown_out '
has 'its program (/opt/scheduler/scx_ktstr) still runs'
has 'sched_ext: ktstr: an error was asked for'
has_not 'was still running'

has 'fail is_told_to_crash '

has 'fail refuses '
has 'exited with 1 before it had attached'
has 'scx_ktstr: this was to fail'
has 'fail is_tuned '
has 'all was tuned'
has 'the disable line "rm /tmp/enabled /tmp/absent" exited with 1; it said: rm: '
has 'fail is_wrongly_tuned '
has 'the enable line "echo no such knob; exit 7" exited with 7; it said: no such knob'
has_not 'this test was run'
has '8 runs: 1 passed, 7 failed'

run 77 6.12 -k attaches
has 'skip attaches '
has 'has no sched_ext, which the scheduler fixture needs'

if [ "$failures" -gt 0 ]; then
	echo "$failures checks failed"
	exit 1
fi
echo "all is as it should be"
