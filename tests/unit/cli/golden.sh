#!/usr/bin/env bash
# Runs the command lines of golden files and compares what comes out.
#
# A golden file holds shell commands behind "$ ", each with its standard output
# and error below it and "[exit N]" in the end. Lines that begin with "#" are
# comments. The commands run in an empty directory, with no kernel at hand and
# no terminal. With KTSTR_GOLDEN_WRITE=1 the files are written anew.
set -euo pipefail
ktstr=$(realpath "$1") golden=$(realpath "$2")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$ktstr" "$work/bin/ktstr"
unset KTSTR_KERNEL KTSTR_ACCEL KTSTR_NEST_SHAPE KTSTR_DEBUG NO_COLOR COLUMNS
export PATH=$work/bin:$PATH HOME=$work/home KTSTR_CACHE_DIR=$work/cache
export LC_ALL=C.UTF-8 TERM=dumb

# Prints the golden file as it comes out now.
replay() {
	local line status
	while IFS= read -r line; do
		case $line in
		"#"*) printf '%s\n' "$line" ;;
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
	rm -rf "$work/here"
	mkdir "$work/here"
	(cd "$work/here" && replay "$file") >"$work/seen"
	if [ "${KTSTR_GOLDEN_WRITE-}" = 1 ]; then
		cp "$work/seen" "$file"
	elif ! diff -u --label "$file" "$file" --label seen "$work/seen"; then
		failed=1
	fi
done
[ "$files" -gt 0 ] || { echo "no golden files in $golden" >&2; exit 1; }
[ "$failed" = 0 ] || echo "run with KTSTR_GOLDEN_WRITE=1 to accept" >&2
exit "$failed"
