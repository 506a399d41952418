#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What pages for users hold is what a compiler, a shell and ktstr take:
#
#	```c        compiles, against the public headers alone; a block that begins
#	            with an #include begins a new file
#	```console  commands behind "$ ", which are run, and what they print
#	    line    commands; each of ktstr's options must be one of its options,
#	            with a value that it may have
#	```         anything else, such as a picture or what a command prints
#
# usage: pages.sh SOURCE-ROOT KTSTR PAGE...
set -euo pipefail

root=$(realpath "$1")
ktstr=$(realpath "$2")
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
page=

complain() {
	echo "$page: $*" >&2
	exit 1
}

# What is in blocks of a kind, empty lines for all else.
blocks_of() {
	awk -v kind="$1" '
		/^```/ { on = !on && $0 == "```" kind; fence = !fence; print ""
			 next }
		kind == "    " { print !fence && /^    / ? substr($0, 5) : ""
			 next }
		{ print on ? $0 : "" }' "$page"
}

check_fences() {
	local stray

	stray=$(awk '/^```/ { on = !on
			if (on && $0 !~ /^```(c|console)?$/) print NR ": " $0 }
		     END { if (on) print NR ": a block has no end" }' "$page")
	[ -z "$stray" ] ||
		complain "a kind of block that nobody looks at, line $stray"
}

check_c() {
	local file

	rm -f "$work"/*.c
	awk -v to="$work" -v page="$page" '
		/^```c$/ { on = 1; fresh = 1; next }
		/^```/ { on = 0 }
		on && fresh && (n == 0 || /^#include/) {
			file = to "/" ++n ".c"
			split("check payload scenario scheduler test vm work", all)
			for (i in all) print "#include <ktstr/" all[i] ".h>" >file
		}
		on && fresh { print "#line " NR " \"" page "\"" >file; fresh = 0 }
		on { print >file }' "$page"
	for file in "$work"/*.c; do
		[ -e "$file" ] || return 0
		gcc -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror \
			-fsyntax-only -I "$root/include" "$file" ||
			complain "C that does not compile"
	done
}

# ktstr says what is wrong with its options even when asked for help.
cat >"$work/commands.sh" <<'END'
ktstr() { "$KTSTR" "$@" --help >/dev/null; }
sudo() { "$@"; }
sh() { [ "$1" = -c ] && eval "$2"; }
systemd-run() {
	while [ "${1#-}" != "$1" ]; do
		[ "$1" != -p ] || shift
		shift
	done
	"$@"
}
git() {
	case "$1 ${2-}" in
	"bisect run") shift 2 && "$@" ;;
	clone*) ;;
	*) return 1 ;;
	esac
}
make() {
	local word

	for word; do
		case $word in
		-* | *=* | first) ;;
		*) [[ $'\n'$(<"$ROOT/Makefile") == *$'\n'"$word:"* ]] ;;
		esac || return 1
	done
}
cc() { :; }
pkg-config() { :; }
meson() { case $1 in setup | compile | test | install) ;; *) return 1 ;; esac; }
cmake() { :; }
ctest() { :; }
cd() { :; }
mkdir() { :; }
cp() { :; }
export() { :; }
END

# A line is a command, unless the one before goes on in it.
check_commands() {
	local n=0 line command='' first=0

	while IFS= read -r line; do
		n=$((n + 1))
		[ -n "$line" ] || [ -n "$command" ] || continue
		[ -n "$command" ] || first=$n
		command+=$line$'\n'
		bash -n <<<"$command" 2>/dev/null &&
			[ "${line%\\}" = "$line" ] || continue
		command=${command//build\/ktstr/ktstr}
		KTSTR=$ktstr ROOT=$root PATH=$work/no-programs \
			/bin/bash -euc ". '$work/commands.sh'; $command" \
			>/dev/null 2>"$work/said" || {
			cat "$work/said" >&2
			complain "a command that is none, line $first: $command"
		}
		command=
	done < <(blocks_of "    ")
	[ -z "$command" ] || complain "a command without an end, line $first"
}

check_console() {
	local status=0

	blocks_of console | grep . >"$work/console" || return 0
	(
		mkdir -p "$work/here/bin"
		ln -sf "$ktstr" "$work/here/bin/ktstr"
		PATH=$work/here/bin:$PATH
		cd "$work/here"
		unset COLUMNS
		export LC_ALL=C.UTF-8 TERM=dumb
		sed -n 's/^\$ //p' "$work/console" | while IFS= read -r command; do
			printf '$ %s\n' "$command"
			bash -c "$command" 2>&1 </dev/null || :
		done
	) | grep . >"$work/seen"
	diff "$work/console" "$work/seen" >&2 || status=$?
	[ "$status" = 0 ] || complain "what a command prints is something else"
}

for page; do
	check_fences
	check_c
	check_commands
	check_console
done
echo "$# pages are as they say"
