#!/usr/bin/env bash
# The completion scripts must be sound for the shells that are there, and
# bash's must offer what the tables hold.
set -euo pipefail
ktstr=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

for shell in bash zsh fish; do
	"$ktstr" completions "$shell" >"script.$shell"
	if command -v "$shell" >/dev/null; then
		"$shell" -n "script.$shell"
	fi
done

compopt() { :; }
# shellcheck disable=SC1091
source ./script.bash

# expect WORDS OFFERED: the last of the words is the one being completed.
expect() {
	local words=$1 offered=$2 seen
	IFS=' ' read -ra COMP_WORDS <<<"$words"
	[ "${words% }" = "$words" ] || COMP_WORDS+=("")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	COMPREPLY=()
	_ktstr
	seen="${COMPREPLY[*]}"
	if [ "$seen" != "$offered" ]; then
		echo "\"$words\" offers \"$seen\", not \"$offered\"" >&2
		exit 1
	fi
}

touch kernel.image
expect "ktstr sh" "shell"
expect "ktstr --v" "--version"
expect "ktstr shell --mem" "--memory"
expect "ktstr shell -t smt" "smt-2llc smt-3llc"
expect "ktstr shell --topology smt-2" "smt-2llc"
expect "ktstr shell --topology = smt-3" "smt-3llc"
expect "ktstr shell --topology =" "$(compgen -W "$("$ktstr" completions bash |
	sed -n "/ktstr shell --topology/,/;;/s/.*words='\\(.*\\)'/\\1/p")" |
	tr '\n' ' ' | sed 's/ $//')"
expect "ktstr shell --kernel kern" "kernel.image"
expect "ktstr shell --dmesg --kernel kern" "kernel.image"
expect "ktstr shell --memory " ""
expect "ktstr shell --kernel x --dm" "--dmesg"
expect "ktstr topo numa4-" "numa4-8llc numa4-12llc"
expect "ktstr topo --as" "--ascii"
expect "ktstr te" "test"
expect "ktstr test --format " "text tap junit"
expect "ktstr test kern" "kernel.image"
expect "ktstr completions " "bash zsh fish"
expect "ktstr help to" "topo"
expect "ktstr nonsense xyz" ""
