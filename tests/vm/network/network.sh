#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A network card in a stock kernel's guest: its address and queues, and that
# every frame comes back as it was, from every CPU.
#
# usage: network.sh KTSTR FRAMES KERNEL
set -euo pipefail

ktstr=$(realpath "$1")
frames=$(realpath "$2")
kernel=$3
guest=$(realpath "$(dirname "$0")")/guest.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	cat "$work/out" >&2
	tail -n 30 "$work/log" >&2
	echo "network: $*" >&2
	exit 1
}

status=0
"$ktstr" shell --kernel "$kernel" --topology 1n1l3c1t --network --dmesg \
	--timeout 15m -i "$frames" -i "$guest" \
	--exec 'sh /include-files/guest.sh 3 1000' \
	</dev/null >"$work/out" 2>"$work/log" || status=$?
[ "$status" -eq 0 ] || fail "ktstr shell ended with $status"
grep -q 'all 3750 frames came back' "$work/out" || fail "not all came back"
! grep -E 'BUG:|WARNING:|Oops|NETDEV WATCHDOG|broke the rules|virtio_net.*(error|missing)' \
	"$work/log" || fail "the kernel's log is not clean"
cat "$work/out"

# Without one there is none, and its driver is not loaded for nothing.
"$ktstr" shell --kernel "$kernel" --exec \
	'[ ! -e /sys/class/net/eth0 ] && ! grep -q virtio_net /proc/modules && echo none' \
	</dev/null >"$work/out" 2>"$work/log" || fail "a machine without a card"
grep -q none "$work/out" || fail "there is a card that nobody asked for"
