#!/usr/bin/env bash
# Ends `ktstr shell` by SIGINT, SIGTERM and SIGKILL at random moments of its
# life and looks for what is left: processes, mounts, temporary and lock files,
# cache entries that were not finished, a terminal that stays raw.
#
# usage: kill.sh KTSTR [TIMES [SEED]]
set -euo pipefail

ktstr=$1
times=${2:-50}
seed=${3:-$RANDOM}
RANDOM=$seed

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/tmp" "$scratch/run" "$scratch/locks"
# An emulated machine has a place for its locks, and its files are none.
export TMPDIR=$scratch/tmp KTSTR_LOCK_DIR=${KTSTR_LOCK_DIR:-$scratch/locks}
mark=KTSTR_KILL_TEST=$$.$seed
export "${mark?}"

# Processes that carry the mark in their environment, but for this script's own.
marked() {
	local environ pid

	for environ in /proc/[0-9]*/environ; do
		pid=${environ#/proc/}
		pid=${pid%/environ}
		if [ "$pid" = $$ ] || [ "$pid" = "$BASHPID" ]; then continue; fi
		if grep -qzFx "$mark" "$environ" 2>/dev/null; then
			echo "$pid $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
		fi
	done
}

# A cache of its own, in which nobody else makes entries meanwhile; the kernels
# are the common ones.
common=${KTSTR_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ktstr}
export KTSTR_CACHE_DIR=$scratch/cache
mkdir "$KTSTR_CACHE_DIR"
ln -s "$common/kernels" "$common/unpacked" "$KTSTR_CACHE_DIR"

survey() {
	echo "-- mounts"; cut -d' ' -f1-3 /proc/self/mounts
	echo "-- files"
	find "$scratch" /dev/shm 2>/dev/null | sort
	echo "-- locks"; "$ktstr" locks --json
	echo "-- ktstr's in /tmp"
	find /tmp -maxdepth 1 -name '*ktstr*' ! -name 'ktstr-nest-test.*' | sort
}

boot() {
	"$ktstr" shell --accel kvm --topology 1n1l2c1t --exec "${1:-sleep 60}"
}

# Warms the caches, and shows that a boot works here at all.
boot true </dev/null
start=$(date +%s%N)
boot true </dev/null
whole_ms=$((($(date +%s%N) - start) / 1000000))
survey >"$scratch.before"
trap 'rm -rf "$scratch" "$scratch.before" "$scratch.after"' EXIT

signals=(INT TERM KILL)
for ((i = 0; i < times; i++)); do
	signal=${signals[i % 3]}
	delay_ms=$((RANDOM * (whole_ms + 500) / 32768))
	# A shell in the background ignores SIGINT for its children; setsid -w
	# through env resets nothing, so the default is put back explicitly.
	env --default-signal=INT "$ktstr" shell --accel kvm \
		--topology 1n1l2c1t --exec 'sleep 60' \
		</dev/null >/dev/null 2>&1 &
	child=$!
	sleep "$(printf '%d.%03d' $((delay_ms / 1000)) $((delay_ms % 1000)))"
	kill -s "$signal" "$child" 2>/dev/null || {
		echo "round $i: ktstr had ended by itself before $signal at $delay_ms ms" >&2
		exit 1
	}
	for ((wait = 0; wait < 200; wait++)); do
		kill -0 "$child" 2>/dev/null || break
		sleep 0.05
	done
	if kill -0 "$child" 2>/dev/null; then
		echo "round $i: still there 10 s after SIG$signal at $delay_ms ms" >&2
		kill -KILL "$child"
		exit 1
	fi
	wait "$child" || true
	for ((wait = 0; wait < 40; wait++)); do
		left=$(marked)
		[ -n "$left" ] || break
		sleep 0.05
	done
	if [ -n "$left" ]; then
		printf 'round %d: left after SIG%s at %d ms:\n%s\n' \
			"$i" "$signal" "$delay_ms" "$left" >&2
		exit 1
	fi
	survey >"$scratch.after"
	if ! diff -u "$scratch.before" "$scratch.after" >&2; then
		echo "round $i: the above changed by SIG$signal at $delay_ms ms" >&2
		exit 1
	fi
done
echo "$times times killed (seed $seed), nothing left behind"
