#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# How long a host keeps its guest's CPUs waiting, and what a test says that it
# does: measured, sent both ways and reported, on a stock kernel.
#
# usage: steal.sh NEST-RUN KTSTR CASES
set -euo pipefail

if [ "$1" = --inside ]; then
	# On the host of the guest, whose first CPU both share.
	taskset -c 0 sh -c 'while :; do :; done' &
	loop=$!
	status=0
	shift
	taskset -c 0 "$@" || status=$?
	kill "$loop"
	exit "$status"
fi

nest_run=$(realpath "$1")
ktstr=$(realpath "$2")
cases=$(realpath "$3")
self=$(realpath "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export KTSTR_RUN_DIR=$work/runs KTSTR_KERNEL=7.3
failures=0

complain() {
	failures=$((failures + 1))
	printf 'FAIL %s\n' "$*"
	sed 's/^/  /' out
}

# run STATUS COMMAND...
run() {
	local wanted=$1 status=0

	shift
	"$@" </dev/null >out 2>&1 || status=$?
	[ "$status" = "$wanted" ] || complain "status $status, not $wanted, of: $*"
}

# sidecar TEST: a Python program about `run`
sidecar() {
	local name=$1 program

	program=$(cat)
	python3 -c "import json, sys
run = json.load(open(sys.argv[1]))
$program" "$KTSTR_RUN_DIR/$name.ktstr.json" 2>&1 | tee -a out ||
		complain "the sidecar of $name"
}

run 0 "$nest_run" - "$ktstr" test "$cases" -k left_alone
sidecar left_alone <<'END'
steal = run["steal"]
cpus = steal["vcpus"]
assert len(cpus) == 1, cpus
for cpu in cpus:
    assert cpu["stolen_ns"] <= cpu["lived_ns"] <= run["timings"]["machine_ns"], cpu
    assert cpu["stolen_share"] < 0.5, cpu
assert steal["samples"] >= 30, steal
assert 0 < steal["time_error_ns"] <= 50_000_000, steal
assert [e["kind"] for e in run["events"]] == ["look", "look"], run["events"]
print(run["notes"], steal)
END

run 0 "$nest_run" - "$self" --inside "$ktstr" test "$cases" -k stolen_from
sidecar stolen_from <<'END'
cpus = run["steal"]["vcpus"]
assert 0.2 < cpus[1]["stolen_share"] < 0.8, cpus
print(run["notes"], run["steal"])
END

run 1 "$ktstr" test "$cases" -k crashes_later
sidecar crashes_later <<'END'
events = run["events"]
assert [e["kind"] for e in events] == ["begin", "end"], events
assert events[0]["step"] == "first" and events[0]["detail"] == "caf\u00e9", events
assert run["events_lost"] == 1, run
began = run["timings"]["machine_started_ns"]
ended = began + run["timings"]["machine_ns"]
for event in events:
    assert began < event["host_ns"] < ended, (began, event, ended)
    assert event["host_ns"] <= event["received_ns"] + event["host_error_ns"], event
    assert event["host_error_ns"] < 1_000_000_000, event
apart = events[1]["host_ns"] - events[0]["host_ns"]
assert abs(apart - (events[1]["guest_ns"] - events[0]["guest_ns"])) < 100_000_000, events
END

run 0 "$ktstr" test "$cases" -k tells_a_lot
sidecar tells_a_lot <<'END'
events = run["events"]
assert len(events) == 800, len(events)
assert all(len(e["detail"]) == 999 for e in events)
assert "events_lost" not in run
END

if [ "$failures" -gt 0 ]; then
	echo "$failures checks failed"
	exit 1
fi
echo "all is as it should be"
