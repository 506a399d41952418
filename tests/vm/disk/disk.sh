#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Boots a machine with a disk and lets the guest look at it from all sides.
#
# usage: disk.sh KTSTR GUEST_SCRIPT SERIES
set -euo pipefail

ktstr=$(realpath "$1")
script=$(realpath "$2")
series=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

command -v fio >/dev/null || {
	echo "there is no fio; scripts/prepare installs it"
	exit 77
}
status=0
"$ktstr" shell --kernel "$series" --topology 1n1l4c1t --timeout 800 \
	--disk 96M,name=scratch --include-files fio \
	--include-files "$script:/test.sh" \
	--exec 'sh /test.sh 96 scratch 4' >out 2>err </dev/null || status=$?
cat out
[ "$status" = 0 ] || {
	echo "FAIL: the guest's script ended with $status"
	sed 's/^/  err: /' err
	exit 1
}
# Whatever the shell makes of it, it came to its end.
grep -qx 'all done' out || {
	echo "FAIL: the guest's script did not come to its end"
	exit 1
}
