#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A disk in a stock kernel's guest: what the guest says of it, what it reads
# back, how fast a throttled one is, and that a read-only one is that.
#
# usage: disk.sh KTSTR KERNEL
set -euo pipefail

ktstr=$(realpath "$1")
kernel=$2
guest=$(realpath "$(dirname "$0")")/guest.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "disk: $*" >&2
	exit 1
}

# boot OUT OPTION...: the kernel's log goes to OUT.log.
boot() {
	local out=$1 status=0
	shift
	"$ktstr" shell --kernel "$kernel" --topology 1n1l4c1t --dmesg --timeout 15m \
		"$@" \
		</dev/null >"$work/$out" 2>"$work/$out.log" || status=$?
	if [ "$status" -ne 0 ]; then
		tail -n 40 "$work/$out.log" >&2
		cat "$work/$out" >&2
		fail "$out: ktstr shell ended with $status"
	fi
	cat "$work/$out"
}

# From init on, when the disk's driver comes, no line of the kernel's log may
# blame the disk or say that something is off. Before, unpacking fio with all its
# libraries takes an emulated CPU so long that the watchdog may say so.
clean() {
	local log=$work/$1.log

	grep -q 'Run /init' "$log" || fail "$1: init is not in the kernel's log"
	! sed '1,/Run \/init/d' "$log" |
		grep -E 'I/O error|blk_update_request|BUG:|WARNING:|Oops|hung task|broke the rules' ||
		fail "$1: the kernel's log is not clean"
}

command -v fio >/dev/null || fail "fio is not installed (scripts/prepare)"

boot whole --disk 64M,name=the-disk -i fio -i "$guest" --exec \
	'sh /include-files/guest.sh 64 the-disk 4'
clean whole
grep -q 'fio verified' "$work/whole" || fail "fio did not get to its end"

# 20 operations at once, then 20 a second: 120 take 5 s.
boot throttled --disk 16M,iops=20 --exec '
	read -r began rest </proc/uptime
	dd if=/dev/vda of=/dev/null bs=4k count=120 iflag=direct 2>/dev/null
	read -r ended rest </proc/uptime
	echo "took $began $ended"'
clean throttled
read -r _ began ended < <(grep took "$work/throttled")
awk -v s="$began" -v e="$ended" 'BEGIN {
	took = e - s
	# What the kernel itself read at the start may be part of the burst.
	if (took < 4.7 || took > 9) {
		print "disk: 120 reads at 20 a second took " took " s" > "/dev/stderr"
		exit 1
	}
}'

boot read-only --disk 16M,ro --exec '
	[ "$(cat /sys/block/vda/ro)" = 1 ] &&
	! dd if=/dev/zero of=/dev/vda bs=4k count=1 2>/dev/null &&
	dd if=/dev/vda bs=64k count=1 iflag=direct 2>/dev/null |
		cmp -n 65536 - /dev/zero && echo untouched'
clean read-only
grep -q untouched "$work/read-only" || fail "a read-only disk was written to"

# Without a disk there is none, and its driver is not loaded for nothing.
boot none --exec '[ ! -e /dev/vda ] && ! grep -q virtio_blk /proc/modules && echo none'
grep -q none "$work/none" || fail "there is a disk that nobody asked for"
