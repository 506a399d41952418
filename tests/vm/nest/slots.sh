#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Emulated machines side by side: slots.sh NEST_RUN
. "$(dirname "$0")/common.sh"

# Machines of this test's own, small ones.
export KTSTR_NEST_DIR=$work/place KTSTR_NEST_IDLE_S=5
unset XDG_RUNTIME_DIR
# Found now: there is a command below that has no PATH.
timeout=$(command -v timeout)
run() { "$timeout" 280 "$nest_run" memory=1024 "$@"; }

# hold NAME: a command that tells which machine it is in, and ends with release.
hold() {
	# shellcheck disable=SC2016
	run /bin/sh -c 'read -r id </proc/sys/kernel/random/boot_id; echo "$id"
		until [ -e "$0" ]; do /bin/sleep 0.1; done' "$work/go" \
		>"$work/$1" 2>"$work/$1.err" &
}
# meet NAME...: how many machines they are in, once all of them run.
meet() {
	local name

	for name in "$@"; do
		until_true 280 test -s "$work/$name" || cat "$work/$name.err" >&2
	done
	(cd "$work" && cat "$@" | sort -u | wc -l)
}
release() {
	touch "$work/go"
	wait
	rm "$work/go"
}

KTSTR_NEST_MACHINES=none run true 2>"$work/err"
is "a bad number of machines fails the command" $? 121
holds "which says why" "$(cat "$work/err")" \
	'KTSTR_NEST_MACHINES must be a number from 1 to 64, not "none"'

export KTSTR_NEST_MACHINES=2
hold a
hold b
is "two commands at the same time run in two machines" "$(meet a b)" 2
hold c
is "a third one shares, when there may be no more" "$(meet a b c)" 2

# There is room for a third machine, but no emulator.
export KTSTR_NEST_MACHINES=3
mkdir "$work/empty"
PATH=$work/empty hold d
is "it also does when no more can be started" "$(meet a b c d)" 2
holds "which is told" "$(cat "$work/d.err")" \
	"going without a further emulated machine: cannot start qemu-system-x86_64"
release

export KTSTR_NEST_MACHINES=1
hold e
hold f
is "where there may be one only, two share it" "$(meet e f)" 1
release

until_true 60 nothing_runs
is "all machines end when nobody comes" $? 0

finish
