#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# How guests share the machine that this is, looked at from another process while
# they run: where their threads are, under which policy, where their memory is,
# and which locks are held. The machine has two nodes, an LLC of two CPUs in each,
# and hugepages.
#
# usage: share.sh KTSTR
set -euo pipefail

ktstr=$(realpath "$1")
scratch=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || :; rm -rf "$scratch"' EXIT
cd "$scratch"
unset KTSTR_NO_SKIP_MODE KTSTR_NO_PERF_MODE KTSTR_CPU_CAP KTSTR_BYPASS_LLC_LOCKS

fail() {
	echo "FAILED: $*" >&2
	for log in ./*.log; do
		[ ! -e "$log" ] || sed "s|^|$log: |" "$log" >&2
	done
	exit 1
}

# start LOG ARGUMENT...: a guest that says "up" and stays; its pid is in `pid`.
start() {
	local log=$1

	shift
	# A pipe that stays open: the guest's command ends when it is closed.
	"$ktstr" shell --accel kvm -m 256M "$@" --exec 'echo up; cat' \
		<"$scratch/hold" >"$log" 2>&1 &
	pid=$!
	for _ in $(seq 600); do
		! grep -q ^up "$log" || return 0
		kill -0 "$pid" 2>/dev/null || fail "the guest ended: $*"
		sleep 0.1
	done
	fail "no guest within a minute: $*"
}

end() {
	kill "$pid"
	wait "$pid" 2>/dev/null || :
	pid=
	[ "$("$ktstr" locks --json)" = "[]" ] || fail "a lock is left"
}

# The thread of that name.
thread() {
	local comm

	for comm in /proc/"$pid"/task/*/comm; do
		[ "$(cat "$comm")" != "$1" ] || basename "$(dirname "$comm")"
	done
}

# is THREAD CPUS POLICY PRIORITY
is() {
	local tid now

	case $1 in main) tid=$pid ;; *) tid=$(thread "$1") ;; esac
	[ -n "$tid" ] || fail "there is no thread $1"
	now=$(taskset -pc "$tid" | sed 's/.*: //')
	[ "$now" = "$2" ] || fail "$1 runs on $now, not on $2"
	now=$(chrt -p "$tid" | sed 's/.*: //' | xargs)
	[ "$now" = "$3 $4" ] || fail "$1 is under $now, not $3 $4"
}

# locks LINE...: all that are held, and all by our guest.
locks() {
	local seen

	seen=$("$ktstr" locks | sed 1d | awk '{ print $1, $2, $3 }')
	[ "$seen" = "$(printf '%s\n' "$@")" ] || fail "locks are: $seen"
	"$ktstr" locks | sed 1d | awk -v pid="$pid" '$4 != pid { exit 1 }' ||
		fail "a lock is somebody else's"
}

# Of the largest mapping of that kind, by node: "N0=..." of /proc/PID/numa_maps.
memory() {
	grep -E "$1" "/proc/$pid/numa_maps" || fail "no memory with $1"
}

mkfifo hold
exec 9<>hold
"$ktstr" host >host.log
grep -q '^LLC 1 .*node 1: 2-3' host.log || fail "not the machine that it is for"

# The host's files come by FUSE: no place for locks, unlike the machine's own.
status=0
KTSTR_LOCK_DIR=$scratch "$ktstr" shell --accel kvm --performance-mode \
	--exec true >fuse.log 2>&1 || status=$?
[ "$status" = 125 ] || fail "locks on FUSE: the status is $status"
grep -q "$scratch is on FUSE" fuse.log || fail "FUSE is not named"

echo "== performance: a node for each of the guest's"
free=$(cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages)
[ "$free" -ge 128 ] || fail "the machine has $free hugepages"
start perf.log --performance-mode -t 1n1l1c1t
is vcpu0 0 SCHED_FIFO 1
is main 1 SCHED_FIFO 2
locks "LLC 0 exclusive"
memory 'bind:0.*huge.*N0=128' >maps.log
! grep -E 'bind:0.*huge.*N1=' maps.log || fail "memory on the other node"
now=$(cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages)
[ $((free - now)) = 128 ] || fail "$((free - now)) hugepages are used, not 128"
grep -q hugepages perf.log && fail "a warning of hugepages that are there"

echo "== the loser names the winner"
status=0
"$ktstr" shell --accel kvm -m 256M -t 1n2l1c1t --performance-mode \
	--exec true >loser.log 2>&1 || status=$?
[ "$status" = 77 ] || fail "the status of contention is 77, not $status"
status=0
"$ktstr" shell --accel kvm -m 256M --no-perf-mode --cpu-cap 3 \
	--exec true >loser2.log 2>&1 || status=$?
[ "$status" = 77 ] || fail "a budget got an LLC of another guest's: $status"
first=$pid
start second.log --no-perf-mode --cpu-cap 2 -t 1n1l3c1t
is vcpu0 2,3 SCHED_OTHER 0
is vcpu2 2,3 SCHED_OTHER 0
is main 2,3 SCHED_OTHER 0
status=0
"$ktstr" shell --accel kvm -m 256M -t 1n1l1c1t --performance-mode \
	--exec true >loser3.log 2>&1 || status=$?
[ "$status" = 77 ] || fail "the status of contention is 77, not $status"
grep -qE "LLC 1 is held by process $pid \(.*--cpu-cap 2" loser3.log ||
	fail "the loser does not name $pid"
kill "$pid"
wait "$pid" 2>/dev/null || :
pid=$first
end

echo "== by default"
start default.log -t 1n1l2c1t
is vcpu0 0,1 SCHED_OTHER 0
is vcpu1 0,1 SCHED_OTHER 0
is main 0-3 SCHED_OTHER 0
locks "LLC 0 shared" "CPU 0 exclusive" "CPU 1 exclusive"
end

echo "== ordinary pages, where hugepages are too few"
start many.log --performance-mode -t 1n1l1c1t -m 1G
grep -q 'hugepages of 2 MiB, and' many.log || fail "no warning of hugepages"
memory 'bind:0.*anon=.*N0=' >maps2.log
end
echo "ok"
