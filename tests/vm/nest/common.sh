# SPDX-License-Identifier: GPL-2.0-only
# For the scripts beside it: NEST_RUN is the program under test.
set -uo pipefail

nest_run=$(realpath "$1")
work=$(mktemp -d /tmp/ktstr-nest-test.XXXXXX)
failures=0
trap 'rm -rf "$work"' EXIT

nest() { timeout 280 "$nest_run" "" "$@"; }

# is WHAT GOT WANTED
is() {
	if [ "$2" = "$3" ]; then
		echo "ok: $1"
	else
		echo "FAILED: $1: got \"$2\", wanted \"$3\""
		failures=$((failures + 1))
	fi
}

# holds WHAT TEXT PART
holds() {
	case $2 in
	*"$3"*) echo "ok: $1" ;;
	*)
		echo "FAILED: $1: \"$3\" is not in \"$2\""
		failures=$((failures + 1))
		;;
	esac
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

# Of the machines in KTSTR_NEST_DIR.
supervisors() {
	local p

	for p in /proc/[0-9]*; do
		[ "$(cat "$p/comm" 2>/dev/null)" = ktstr-nest ] || continue
		grep -qzx "KTSTR_NEST_DIR=$KTSTR_NEST_DIR" "$p/environ" 2>/dev/null &&
			echo "${p#/proc/}"
	done
}
emulators() {
	local p

	for p in /proc/[0-9]*; do
		case $(cat "$p/comm" 2>/dev/null) in
		qemu-system*) ;;
		*) continue ;;
		esac
		grep -qzx "KTSTR_NEST_DIR=$KTSTR_NEST_DIR" "$p/environ" 2>/dev/null &&
			echo "${p#/proc/}"
	done
}
nothing_runs() { [ -z "$(supervisors)$(emulators)" ]; }

finish() {
	echo "$failures failures"
	[ "$failures" -eq 0 ]
}
