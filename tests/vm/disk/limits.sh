#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A disk that is read-only and slow, as declared.
#
# usage: limits.sh KTSTR GUEST_SCRIPT SERIES
set -euo pipefail

ktstr=$(realpath "$1")
script=$(realpath "$2")
series=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

status=0
"$ktstr" shell --kernel "$series" --timeout 500 \
	--disk 64M,ro,iops=10,iops-burst=2 --include-files "$script:/test.sh" \
	--exec 'sh /test.sh' >out 2>err </dev/null || status=$?
cat out
if [ "$status" != 0 ] || ! grep -qx 'all done' out; then
	echo "FAIL: status $status"
	sed 's/^/  err: /' err
	exit 1
fi
# 102 requests of which two come at once, at 10 a second: 10 s, by 5 percent.
hundredths=$(sed -n 's/^took //p' out)
if [ "$hundredths" -lt 950 ] || [ "$hundredths" -gt 1050 ]; then
	echo "FAIL: 102 reads took $hundredths hundredths of a second, not 1000"
	exit 1
fi
