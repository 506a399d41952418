#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The examples as a user has them: outside the tree, against what is installed,
# by make, Meson and CMake.
#
# usage: example.sh BUILD-DIR EXAMPLES
set -euo pipefail

build=$(realpath "$1")
examples=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

DESTDIR=$work/root meson install -C "$build" --no-rebuild >"$work/log" 2>&1 || {
	cat "$work/log"
	exit 1
}
pc=$(find "$work/root" -name libktstr-test.pc)
export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR=$work/root
PATH=$(dirname "$(find "$work/root" -path '*/bin/ktstr')"):$PATH
LD_LIBRARY_PATH=$(dirname "$(find "$work/root" -name 'libktstr.so.0' | head -n 1)")
# They are looked for below the prefix, which is not where they are now.
KTSTR_NEST_AGENT=$(find "$work/root" -name ktstr-nest-agent)
KTSTR_INIT=$(find "$work/root" -name ktstr-init)
export PATH LD_LIBRARY_PATH KTSTR_NEST_AGENT KTSTR_INIT KTSTR_RUN_DIR=$work/runs KTSTR_KERNEL=7.3

cp -r "$examples/first" "$work/first"
make -s -C "$work/first" first
file_kib=$(($(stat -c %s "$work/first/first") / 1024))
[ "$file_kib" -le 3072 ] || {
	echo "a test binary has $file_kib KiB, and may have 3072"
	exit 1
}
"$work/first/first" </dev/null | tee "$work/out"
grep -q '^pass two_cgroups \[1n1l2c1t\]' "$work/out"

# As README.md prints it, and by the commands that stand there.
mkdir "$work/own"
cd "$work/own"
awk '/^## /{ on = $0 == "## Writing a test" } on' "$examples/../README.md" >../section
awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' ../section >first.c
cmp first.c "$work/first/first.c"
sed -n 's/^    //p' ../section | sed '/^ktstr test .*gauntlet/d' >commands
grep -q '^ktstr test ./first' commands
sh -eu commands </dev/null | tee ../out
grep -q '^pass two_cgroups \[1n1l2c1t\]' ../out
cd "$work"

meson setup "$work/first/build" "$work/first" >"$work/log" 2>&1 &&
	meson test -C "$work/first/build" >>"$work/log" 2>&1 || {
	cat "$work/log"
	exit 1
}
cmake -S "$work/first" -B "$work/first/cmake" >"$work/log" 2>&1 &&
	cmake --build "$work/first/cmake" >>"$work/log" 2>&1 &&
	ctest --test-dir "$work/first/cmake" -V >>"$work/log" 2>&1 &&
	grep -q '^1: pass two_cgroups ' "$work/log" || {
	cat "$work/log"
	exit 1
}

# A page that starts from nothing: what it says of a test that passes and of one
# that does not. The machine is prepared already, and ktstr installed.
page=$examples/../docs/getting-started.md
mkdir "$work/start"
cd "$work/start"
block() { awk -v n="$1" '/^```c$/ { on = ++c == n; next } /^```$/ { on = 0 } on' "$page"; }
commands() { awk -v s="## $1" '/^## / { on = $0 == s } on' "$page" | sed -n 's/^    //p'; }
block 1 >fair.c
commands "Write a test" >commands
grep -q '^ktstr test ./fair' commands
sh -eu commands </dev/null | tee ../out
grep -q '^pass fair ' ../out
block 2 >fair.c
commands "See it fail" >commands
status=0
sh -eu commands </dev/null >../out || status=$?
cat ../out
[ "$status" = 1 ]
grep -q '^fail fair ' ../out
grep -q '^  stuck [0-9.]*ms on cpu0 at ' ../out
cd "$work"

echo "the examples pass, by make, Meson and CMake"
