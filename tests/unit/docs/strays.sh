#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# pages.sh finds what is wrong with a page.
#
# usage: strays.sh PAGES.SH SOURCE-ROOT KTSTR
set -euo pipefail

pages=$(realpath "$1")
root=$(realpath "$2")
ktstr=$(realpath "$3")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# check WORD PAGE: it is refused, with the word in the message; "": it is not.
check() {
	local status=0

	printf '%b' "$2" >page.md
	bash "$pages" "$root" "$ktstr" page.md >out 2>&1 || status=$?
	if [ -z "$1" ]; then
		[ "$status" = 0 ] || {
			cat out
			echo "refused: $2"
			exit 1
		}
	elif [ "$status" = 0 ] || ! grep -qF -- "$1" out; then
		cat out
		echo "not refused with \"$1\": $2"
		exit 1
	fi
}

check '' 'text\n'
check '' '```c\nint f(void);\n```\n```\nanything $( at all\n```\n'
check 'page.md:3' '```c\nint f(void);\nint g(void) { return h(); }\n```\n'
check 'no member named' '```c\nKTSTR_TEST(t, .lcs = 2) { return KTSTR_PASS; }\n```\n'
check 'a kind of block that nobody looks at, line 2: ```python' '\n```python\n```\n'
check 'a block has no end' '```\ntext\n'
check '' '    ktstr test ./x --budget 10min --gauntlet  # words\n'
check 'no option --bugdet' '    ktstr test ./x --bugdet 10min\n'
check '--budget must be a time' '    ktstr test ./x --budget soon\n'
check 'line 2: ktstr' 'x\n    ktstr tset ./x\n'
check '' '    sudo ktstr run steady && ktstr topo | \\\n        ktstr topo\n'
check 'no option --no' '    sudo ktstr run \\\n        --no\n'
check 'no option --no' "    git bisect run sh -c 'make check\n        ktstr test . --no'\n"
check 'no-such-command' '    no-such-command x\n'
check 'a command that is none' '    make no-such-target\n'
check 'a command without an end' "    ktstr topo 'x\n"
check '' '```console\n$ ktstr topo 1n1l1c1t | head -n 1\n1n1l1c1t: 1 node, 1 LLC, 1 core, 1 CPU\n```\n'
check 'something else' '```console\n$ ktstr topo 1n1l1c1t | head -n 1\n1n1l1c1t: 2 nodes\n```\n'
echo "what is wrong is found"
