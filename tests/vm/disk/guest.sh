#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest: holds /dev/vda against what was declared, and uses it.
#
# usage: guest.sh MIB NAME QUEUES
set -eu

mib=$1 name=$2 queues=$3
vda=/sys/block/vda

check() { # WHAT SEEN EXPECTED
	if [ "$2" != "$3" ]; then
		echo "disk: $1 is $2, not $3" >&2
		exit 1
	fi
}

check size "$(cat $vda/size)" $((mib * 2048))
check serial "$(cat $vda/serial)" "$name"
check queues "$(ls $vda/mq | wc -l)" "$queues"
check 'read-only' "$(cat $vda/ro)" 0
check 'logical block size' "$(cat $vda/queue/logical_block_size)" 512
check 'write cache' "$(cat $vda/queue/write_cache)" 'write back'
check 'partitions' "$(grep -c vda /proc/partitions)" 1
[ "$(cat $vda/queue/discard_max_bytes)" -gt 0 ]
[ "$(cat $vda/queue/write_zeroes_max_bytes)" -gt 0 ]

# What is written past the page cache comes back past it.
mkdir -p /tmp/d
dd if=/dev/urandom of=/tmp/d/out bs=64k count=32 2>/dev/null
dd if=/tmp/d/out of=/dev/vda bs=64k seek=5 oflag=direct conv=fsync 2>/dev/null
dd if=/dev/vda of=/tmp/d/in bs=64k skip=5 count=32 iflag=direct 2>/dev/null
cmp /tmp/d/out /tmp/d/in
# Around it are zeroes, the last sector included, and nothing lies behind.
dd if=/dev/vda bs=64k count=5 iflag=direct 2>/dev/null |
	cmp -n $((5 * 65536)) - /dev/zero
dd if=/dev/vda bs=512 skip=$((mib * 2048 - 1)) iflag=direct 2>/dev/null |
	wc -c >/tmp/d/last
check 'last sector' "$(cat /tmp/d/last)" 512

# A discard, and zeroes that are asked for, clear what was there.
blkdiscard -o 327680 -l 65536 /dev/vda
dd if=/dev/vda bs=64k skip=5 count=1 iflag=direct 2>/dev/null |
	cmp -n 65536 - /dev/zero
dd if=/dev/vda of=/tmp/d/in bs=64k skip=6 count=31 iflag=direct 2>/dev/null
dd if=/tmp/d/out of=/tmp/d/rest bs=64k skip=1 2>/dev/null
cmp /tmp/d/rest /tmp/d/in

# Random, four at a time, each block checked when it is read.
fio --name=verify --filename=/dev/vda --direct=1 --rw=randwrite --bs=4k \
	--ioengine=psync --numjobs=4 --size=1m --offset_increment=4m \
	--offset=4m --fsync=64 --verify=crc32c --verify_fatal=1 --thread \
	--group_reporting
echo "disk: fio verified"
