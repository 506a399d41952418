#!/usr/bin/env bash
# Runs the command lines of golden files and compares what comes out.
#
# A golden file holds shell commands behind "$ ", each with its standard output
# and error below it and "[exit N]" in the end. What stands behind "% " is there
# for all commands below it. Lines that begin with "#" are comments. The commands
# run in an empty directory, with no kernel at hand and no terminal; "fault RULES
# COMMAND..." runs one on a machine that has those faults, see faults.c; "binary
# NAME" makes a test binary that lists what is in NAME.json. With
# KTSTR_GOLDEN_WRITE=1 the files are written anew.
set -euo pipefail
ktstr=$(realpath "$1") golden=$(realpath "$2")
faults=$(realpath "$3") make_kernel=$(realpath "$4") make_tests=$(realpath "$5")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$ktstr" "$work/bin/ktstr"
ln -s "$make_kernel" "$work/bin/make-kernel"
unset KTSTR_KERNEL KTSTR_ACCEL KTSTR_NEST_SHAPE KTSTR_DEBUG NO_COLOR COLUMNS
unset KTSTR_INIT KTSTR_SCENARIOS KTSTR_NESTED KTSTR_CPU_VENDOR KTSTR_RUN_DIR KTSTR_NO_SKIP_MODE
unset KTSTR_NEST_AGENT KTSTR_NEST_DIR KTSTR_NEST_KERNEL KTSTR_NEST_MACHINES
unset HWLOC_SYNTHETIC KTSTR_NO_PERF_MODE KTSTR_CPU_CAP KTSTR_BYPASS_LLC_LOCKS
export PATH=$work/bin:$PATH HOME=$work/home KTSTR_CACHE_DIR=$work/cache
export LC_ALL=C.UTF-8 TERM=dumb
# Guests of others are not in the way of these.
export KTSTR_LOCK_DIR=$work/locks
mkdir "$work/locks"

# Called by the lines that are replayed.
# shellcheck disable=SC2317
fault() {
	local rules=$1

	shift
	KTSTR_FAULTS=$rules LD_PRELOAD=$faults "$@"
}

# The same with a terminal, on which the user types KEYS: terminal KEYS RULES
# COMMAND...
# shellcheck disable=SC2317
terminal() {
	local keys=$1 rules=$2

	shift 2
	printf '%b' "$keys" | script -qec \
		"env KTSTR_FAULTS='$rules' LD_PRELOAD=$faults $*" /dev/null |
		tr -d '\r' | sed 's/^\(\^]\)*//'
	return "${PIPESTATUS[1]}"
}

# shellcheck disable=SC2317
binary() {
	cp "$make_tests" "$1"
}

# Prints the golden file as it comes out now.
replay() {
	local line status
	while IFS= read -r line; do
		case $line in
		"#"*) printf '%s\n' "$line" ;;
		"% "*)
			printf '%s\n' "$line"
			eval "${line#"% "}"
			;;
		"$ "*)
			printf '%s\n' "$line"
			status=0
			(eval "${line#"$ "}") </dev/null 2>&1 || status=$?
			printf '[exit %d]\n' "$status"
			;;
		esac
	done <"$1"
}

failed=0 files=0
for file in "$golden"/*.txt; do
	files=$((files + 1))
	rm -rf "$work/here" "$work/cache"
	mkdir "$work/here"
	(cd "$work/here" && replay "$file") | sed "s#$work#WORK#g" >"$work/seen"
	if [ "${KTSTR_GOLDEN_WRITE-}" = 1 ]; then
		cp "$work/seen" "$file"
	elif ! diff -u --label "$file" "$file" --label seen "$work/seen"; then
		failed=1
	fi
done
[ "$files" -gt 0 ] || { echo "no golden files in $golden" >&2; exit 1; }
[ "$failed" = 0 ] || echo "run with KTSTR_GOLDEN_WRITE=1 to accept" >&2
exit "$failed"
