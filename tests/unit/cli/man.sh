#!/usr/bin/env bash
# The man page's COMMANDS must be what the commands' tables say, it and the
# guide must name every preset, and the page must be well-formed. With
# KTSTR_GOLDEN_WRITE=1 the part for the commands is written anew.
set -euo pipefail
ktstr=$1 page=$2 guide=$3

begin='.\" BEGIN COMMANDS, made by "ktstr help --man"'
end='.\" END COMMANDS'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

{
	sed "/^\\.\\\\\" BEGIN COMMANDS/q" "$page"
	"$ktstr" help --man
	sed -n "/^\\.\\\\\" END COMMANDS/,\$p" "$page"
} >"$work/ktstr.1"
grep -qxF "$begin" "$work/ktstr.1"
grep -qxF "$end" "$work/ktstr.1"

if [ "${KTSTR_GOLDEN_WRITE-}" = 1 ]; then
	cp "$work/ktstr.1" "$page"
elif ! diff -u "$page" "$work/ktstr.1"; then
	echo "man/ktstr.1 is behind the options; run with KTSTR_GOLDEN_WRITE=1" >&2
	exit 1
fi

# A -nosmt twin goes without saying.
plain=$(sed 's/\\-/-/g' "$page") table=$(cat "$guide")
for preset in $("$ktstr" completions fish |
	sed -n "s/.*-l topology .* -a '\([^']*\)'.*/\1/p" | tr ' ' '\n' |
	grep -v -- -nosmt); do
	if [[ $plain != *"$preset"* || $table != *"| $preset |"* ]]; then
		echo "the preset $preset is not in the man page or the guide" >&2
		exit 1
	fi
done

if command -v mandoc >/dev/null; then
	mandoc -T lint -W warning "$page"
fi
if command -v groff >/dev/null; then
	groff -man -Tutf8 -ww -z "$page" 2>"$work/warnings"
	if [ -s "$work/warnings" ]; then
		cat "$work/warnings" >&2
		exit 1
	fi
fi
