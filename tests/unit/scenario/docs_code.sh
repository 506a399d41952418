#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The blocks of C in pages for those who write tests are what a compiler takes.
#
# usage: docs_code.sh INCLUDE-DIR PAGE...
set -euo pipefail

include=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for page; do
	blocks=$work/${page##*/}.c
	printf '#include <ktstr/%s.h>\n' check scenario scheduler test work >"$blocks"
	before=$(wc -l <"$blocks")
	# Lines keep their numbers, so that an error leads to the page.
	awk '/^```c$/ { on = 1; print ""; next } /^```$/ { on = 0 }
	     { print on ? $0 : "" }' "$page" >>"$blocks"
	grep -q KTSTR_ <(tail -n "+$((before + 1))" "$blocks") || {
		echo "$page has no C that a test could look at"
		exit 1
	}
	sed -i "${before}a #line 1 \"$page\"" "$blocks"
	gcc -std=gnu17 -Wall -Wextra -Werror -fsyntax-only -I "$include" "$blocks"
done
