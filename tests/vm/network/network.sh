#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Boots a machine with a network, whose guest sends frames to itself.
#
# usage: network.sh KTSTR FRAMES GUEST_SCRIPT SERIES
set -euo pipefail

ktstr=$(realpath "$1")
frames=$(realpath "$2")
script=$(realpath "$3")
series=$4
# How many frames; more where there is time.
count=${KTSTR_TEST_FRAMES:-4000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

status=0
"$ktstr" shell --kernel "$series" --topology 1n1l4c1t --timeout 800 --network \
	--include-files "$frames:/frames" --include-files "$script:/test.sh" \
	--exec "sh /test.sh 4 $count" >out 2>err </dev/null || status=$?
cat out
if [ "$status" != 0 ] || ! grep -qx 'all done' out; then
	echo "FAIL: status $status"
	sed 's/^/  err: /' err
	exit 1
fi
