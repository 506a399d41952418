#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest: holds eth0 against what was declared, and sends through it.
#
# usage: guest.sh CPUS FRAMES
set -eu

cpus=$1 frames=$2
eth0=/sys/class/net/eth0

check() { # WHAT SEEN EXPECTED
	if [ "$2" != "$3" ]; then
		echo "network: $1 is $2, not $3" >&2
		exit 1
	fi
}

# All CPUs' NET_RX softirqs.
softirqs() {
	awk '/NET_RX/ { for (i = 2; i <= NF; i++) n += $i } END { print n }' \
		/proc/softirqs
}

counter() {
	cat $eth0/statistics/"$1"
}

check address "$(cat $eth0/address)" 02:00:00:00:00:01
check 'receive queues' "$(ls -d $eth0/queues/rx-* | wc -l)" "$cpus"
check 'send queues' "$(ls -d $eth0/queues/tx-* | wc -l)" "$cpus"

# No neighbours to be found: the kernel itself shall send nothing.
echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6 2>/dev/null || true
ip link set eth0 mtu 9000 up
check carrier "$(cat $eth0/carrier)" 1

softirqs_before=$(softirqs) received_before=$(counter rx_packets)
cpu=0
while [ "$cpu" -lt "$cpus" ]; do
	/include-files/frames "$cpu" "$frames" 1500
	/include-files/frames "$cpu" "$((frames / 4))" 9000
	cpu=$((cpu + 1))
done
sent=$((cpus * (frames + frames / 4)))
check 'count of received frames' \
	$(($(counter rx_packets) - received_before)) "$sent"
check 'count of receive errors' "$(counter rx_errors)" 0
if [ "$(softirqs)" -le "$softirqs_before" ]; then
	echo "network: no NET_RX softirq ran" >&2
	exit 1
fi
echo "network: NET_RX softirqs: $(($(softirqs) - softirqs_before))"
grep -E 'virtio' /proc/interrupts
echo "network: all $sent frames came back"
