# SPDX-License-Identifier: GPL-2.0-only
# In the guest, by its busybox.
[ "$(cat /sys/block/vda/ro)" = 1 ] || {
	echo 'FAIL: the disk is not read-only'
	exit 1
}
if dd if=/dev/zero of=/dev/vda bs=4k count=1 oflag=direct 2>/dev/null; then
	echo 'FAIL: a read-only disk was written'
	exit 1
fi
now() {
	awk '{ printf "%d", $1 * 100 }' /proc/uptime
}

# Long enough for the bucket to be full again.
sleep 1
begun=$(now)
dd if=/dev/vda of=/dev/null bs=4k count=102 iflag=direct 2>/dev/null || {
	echo 'FAIL: the disk cannot be read'
	exit 1
}
echo "took $(($(now) - begun))"
[ "$(dmesg -r | grep '^<[0-4]>' | grep -ciE 'vd[a-z]|I/O error')" = 0 ] || {
	echo 'FAIL: the kernel complains'
	dmesg | tail -n 10
	exit 1
}
echo 'all done'
