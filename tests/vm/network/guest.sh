# SPDX-License-Identifier: GPL-2.0-only
# In the guest, by its busybox: sh guest.sh CPUS FRAMES
cpus=$1
frames=$2
net=/sys/class/net/eth0

fail() {
	echo "FAIL: $*"
	dmesg | tail -n 20
	exit 1
}

# is WHAT GOT WANTED
is() {
	[ "$2" = "$3" ] || fail "$1 is \"$2\", not \"$3\""
	echo "ok: $1 is $3"
}

# lost WHAT: with what the kernel has counted.
lost() {
	for counter in $net/statistics/*; do
		[ "$(cat "$counter")" = 0 ] ||
			echo "${counter##*/}: $(cat "$counter")"
	done
	grep -E 'CPU|virtio' /proc/interrupts
	fail "$@"
}

# softirqs NAME CPU: how many of them that CPU has had.
softirqs() {
	awk -v name="$1:" -v cpu="$2" '$1 == name { print $(2 + cpu) }' \
		/proc/softirqs
}

is 'the address' "$(cat $net/address)" 02:00:00:00:00:01
is 'the queues to receive' "$(ls -d $net/queues/rx-* | wc -l)" "$cpus"
is 'the queues to send' "$(ls -d $net/queues/tx-* | wc -l)" "$cpus"

# Nothing but the test's own frames is to come by.
echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6
ip link set eth0 up || fail 'eth0 does not come up'
is 'the carrier' "$(cat $net/carrier)" 1
irq=$(awk -F: '/virtio1/ { print $1 + 0 }' /proc/interrupts)
[ -n "$irq" ] || fail 'the device has no interrupt'

# From each CPU, with all interrupts on one of them, which all softirqs follow.
each=$((frames / cpus))
for cpu in $(seq 0 $((cpus - 1))); do
	target=$(((cpu + 1) % cpus))
	printf %x $((1 << target)) >/proc/irq/$irq/smp_affinity ||
		fail "the interrupt does not go to CPU $target"
	before=$(softirqs NET_RX "$target")
	taskset $(printf %x $((1 << cpu))) /frames eth0 "$each" "$cpu" ||
		lost "frames that CPU $cpu sent"
	after=$(softirqs NET_RX "$target")
	echo "CPU $target had $((after - before)) softirqs"
	# A batch of up to 64 frames may be one of them.
	[ $((after - before)) -ge $((each / 64)) ] ||
		fail "$each frames caused $((after - before)) softirqs"
done

# All that was sent was received, and the kernel counts the same.
is 'the frames received' "$(cat $net/statistics/rx_packets)" \
	"$(cat $net/statistics/tx_packets)"
is 'the bytes received' "$(cat $net/statistics/rx_bytes)" \
	"$(cat $net/statistics/tx_bytes)"
[ "$(cat $net/statistics/tx_packets)" -ge $((each * cpus)) ] ||
	fail 'fewer frames were sent than should have been'

# Frames larger than a page, in several buffers.
ip link set eth0 mtu 9000 || fail 'no MTU of 9000'
/frames eth0 200 99 9014 || fail 'large frames'

is 'what the kernel complains of' "$(dmesg -r | grep '^<[0-4]>' |
	grep -E 'virtio|eth0|BUG:|WARNING:' | grep -v 'soft lockup')" ''
echo 'all done'
