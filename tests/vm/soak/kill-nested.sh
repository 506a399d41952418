#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Ends `ktstr shell --accel nested` by SIGINT, SIGTERM and SIGKILL at random
# moments, from outside the emulated machine, and looks on both sides for what
# is left: processes, mounts, control groups, temporary and lock files. The
# machine itself stays until nobody has wanted it for its idle time; then
# nothing of it may be left either.
#
# usage: kill-nested.sh NEST_RUN KTSTR [TIMES [SEED]]
set -euo pipefail

nest_run=$(realpath "$1")
ktstr=$(realpath "$2")
times=${3:-10}
seed=${4:-$RANDOM}
RANDOM=$seed
# Machine, boot and command take longer than this; each moment is tried once.
span_ms=2500

scratch=$(mktemp -d /tmp/ktstr-nest-test.XXXXXX)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/tmp" "$scratch/here"
export TMPDIR=$scratch/tmp KTSTR_NEST_DIR=$scratch/nest KTSTR_NEST_IDLE_S=5
# Whoever looks has to come to the machine where the killing was.
export KTSTR_NEST_MACHINES=1
unset KTSTR_NEST_SHAPE KTSTR_NESTED
mark=KTSTR_KILL_TEST=$$.$seed
export "${mark?}"
cd "$scratch/here"

# Runs a command in the same machine, without the mark.
nest() { env -u KTSTR_KILL_TEST timeout 100 "$nest_run" "" "$@" </dev/null; }

# Processes that carry the mark, but for this script's and the machine's own:
# those of `ktstr`, its clients, and what else they started.
marked() {
	local comm environ pid

	for environ in /proc/[0-9]*/environ; do
		pid=${environ#/proc/}
		pid=${pid%/environ}
		if [ "$pid" = $$ ] || [ "$pid" = "$BASHPID" ]; then continue; fi
		comm=$(cat "/proc/$pid/comm" 2>/dev/null) || continue
		case $1:$comm in
		outside:ktstr-nest | outside:qemu-system*) continue ;;
		esac
		if grep -qzFx "$mark" "$environ" 2>/dev/null; then
			echo "$pid $comm"
		fi
	done
}
nothing_outside() { [ -z "$(marked outside)" ]; }
nothing_at_all() { [ -z "$(marked all)" ]; }

# The one control group is that of the command that looks.
look_inside() {
	# shellcheck disable=SC2016
	nest sh -c '
		grep -lzFx "$0" /proc/[0-9]*/environ 2>/dev/null |
			while read -r environ; do
				echo "left: $(cat "${environ%environ}comm")"
			done
		echo "control groups: $(ls -d /sys/fs/cgroup/ktstr-* | wc -l)"
		echo "locks: $(wc -l </proc/locks)"
		# Locks are files that stay, and made when first taken; what
		# counts is that nobody holds one.
		find /run/ktstr /run/user /dev/shm ! -path "*/locks/*.lock" \
			! -path "/run/user/*/ktstr" | sort
		cut -d" " -f1-3 /proc/mounts' "$mark"
}
inside_is_clean() {
	look_inside >"$scratch/inside" &&
		cmp -s "$scratch/inside.before" "$scratch/inside"
}

# A cache of its own, in which nobody else makes entries meanwhile; the kernels
# are the common ones.
common=${KTSTR_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ktstr}
export KTSTR_CACHE_DIR=$scratch/cache
mkdir "$KTSTR_CACHE_DIR"
ln -s "$common/kernels" "$common/unpacked" "$KTSTR_CACHE_DIR"

survey() {
	find "$scratch/tmp" "$scratch/here" "$scratch/nest" \
		"$KTSTR_CACHE_DIR" /dev/shm 2>/dev/null | sort
	find /tmp -maxdepth 1 -name '*ktstr*' ! -name '*-test[.-]*' | sort
}

# until_true SECONDS COMMAND...: waits for it, at most so long.
until_true() {
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}

fail() {
	echo "round $i (seed $seed), SIG$signal at $delay_ms ms: $1" >&2
	exit 1
}

boot() {
	exec env --default-signal=INT "$ktstr" shell --accel nested \
		--topology 1n1l1c1t --exec "$1" </dev/null >"$scratch/output" 2>&1
}

# The first round has to wait for the machine, too. What is there after it is
# what a machine at rest has.
signals=(TERM KILL INT)
for ((i = 0; i < times; i++)); do
	signal=${signals[i % 3]}
	delay_ms=$((RANDOM * span_ms / 32768))
	boot 'sleep 60' &
	child=$!
	sleep "$(printf '%d.%03d' $((delay_ms / 1000)) $((delay_ms % 1000)))"
	kill -s "$signal" "$child" 2>/dev/null ||
		fail "it had ended by itself: $(cat "$scratch/output")"
	gone() { ! kill -0 "$child" 2>/dev/null; }
	until_true 20 gone || fail "it is still there"
	wait "$child" || true
	until_true 5 nothing_outside || fail "left outside: $(marked outside)"
	if [ "$i" = 0 ]; then
		(boot true) || fail "no boot afterwards: $(cat "$scratch/output")"
		look_inside >"$scratch/inside.before"
		if grep -q '^left' "$scratch/inside.before"; then
			fail "left inside: $(cat "$scratch/inside.before")"
		fi
		survey >"$scratch/before"
		continue
	fi
	until_true 20 inside_is_clean || {
		diff -u "$scratch/inside.before" "$scratch/inside" >&2 || true
		fail "the above changed inside"
	}
	survey >"$scratch/after"
	diff -u "$scratch/before" "$scratch/after" >&2 ||
		fail "the above changed outside"
done

until_true 30 nothing_at_all || {
	echo "the machine outlives its idle time: $(marked all)" >&2
	exit 1
}
left=$(find "$scratch/nest" -mindepth 1)
[ -z "$left" ] || { echo "the machine left $left" >&2; exit 1; }
echo "$times times killed (seed $seed), nothing left on either side"
