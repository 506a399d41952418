# SPDX-License-Identifier: GPL-2.0-only
# In the guest, by its busybox: sh guest.sh SIZE_MIB NAME CPUS
mib=$1
name=$2
cpus=$3
block=/sys/block/vda

# is WHAT GOT WANTED
is() {
	[ "$2" = "$3" ] || {
		echo "FAIL: $1 is \"$2\", not \"$3\""
		dmesg | tail -n 20
		exit 1
	}
	echo "ok: $1 is $3"
}

# well WHAT STATUS
well() {
	[ "$2" = 0 ] || {
		echo "FAIL: $1 (status $2)"
		dmesg | tail -n 20
		exit 1
	}
	echo "ok: $1"
}

# A number of /sys/block/vda/stat, counted from 1.
stat_of() {
	set -- $1 $(cat $block/stat)
	shift "$1"
	echo "$1"
}

is 'the size in sectors' "$(cat $block/size)" $((mib * 2048))
is 'the name' "$(cat $block/serial)" "$name"
is 'read-only' "$(cat $block/ro)" 0
is 'the cache' "$(cat $block/queue/write_cache)" 'write back'
is 'the queues' "$(ls $block/mq | wc -l)" "$cpus"
[ "$(cat $block/queue/discard_max_bytes)" -gt 0 ]
well 'that it discards' $?
[ "$(cat $block/queue/write_zeroes_max_bytes)" -gt 0 ]
well 'that it writes zeroes' $?

# Every byte of a new disk is zero, to its end.
is 'the last MiB' "$(dd if=/dev/vda bs=1M skip=$((mib - 1)) iflag=direct \
	2>/dev/null | tr -d '\0' | wc -c)" 0

# What goes past the page cache comes back, and so does what went through it.
dd if=/dev/urandom of=/tmp/a bs=64k count=24 2>/dev/null
dd if=/tmp/a of=/dev/vda bs=64k seek=3 oflag=direct 2>/dev/null
well 'a direct write' $?
dd if=/dev/vda of=/tmp/b bs=64k skip=3 count=24 iflag=direct 2>/dev/null
cmp /tmp/a /tmp/b
well 'what it reads back, compared' $?
flushes=$(stat_of 16)
dd if=/tmp/a of=/dev/vda bs=4k seek=$((mib * 256 - 384)) conv=fsync 2>/dev/null
well 'a write to the end with fsync' $?
[ "$(stat_of 16)" -gt "$flushes" ]
well 'that it flushed' $?
echo 3 >/proc/sys/vm/drop_caches
dd if=/dev/vda of=/tmp/b bs=4k skip=$((mib * 256 - 384)) 2>/dev/null
cmp /tmp/a /tmp/b
well 'that, read back' $?
dd if=/tmp/a of=/dev/vda bs=4k seek=$((mib * 256)) oflag=direct 2>/dev/null
[ $? -ne 0 ]
well 'that a write behind the end fails' $?

# Each CPU's queue does its part.
for cpu in $(seq 0 $((cpus - 1))); do
	taskset $(printf %x $((1 << cpu))) dd if=/tmp/a of=/dev/vda bs=64k \
		seek=$((100 + 24 * cpu)) oflag=direct 2>/dev/null
	well "a write from CPU $cpu" $?
done

# Random, synchronous and direct, from four jobs, and verified.
fio --name=verified --filename=/dev/vda --rw=randwrite --bs=4k --size=1M \
	--offset=32M --offset_increment=8M --numjobs=4 --ioengine=psync \
	--direct=1 --fsync=64 --verify=crc32c --verify_fatal=1 --do_verify=1 \
	--randseed=7 --group_reporting --minimal >/tmp/fio 2>&1
status=$?
[ $status = 0 ] || cat /tmp/fio
well 'fio --verify' $status

# Discarded and zeroed ranges read as zeroes, their neighbours as before.
fio --name=trimmed --filename=/dev/vda --rw=trim --bs=64k --offset=192k \
	--size=64k --ioengine=psync --direct=1 --minimal >/tmp/fio 2>&1
status=$?
[ $status = 0 ] || cat /tmp/fio
well 'a discard' $status
dd if=/dev/vda of=/tmp/b bs=64k skip=3 count=24 iflag=direct 2>/dev/null
is 'what was discarded' "$(head -c 65536 /tmp/b | tr -d '\0' | wc -c)" 0
tail -c +65537 /tmp/a >/tmp/a1
tail -c +65537 /tmp/b >/tmp/b1
cmp /tmp/a1 /tmp/b1
well 'what lies behind it' $?

# The interrupt is the disk's own, and the kernel minds nothing.
[ "$(awk '/virtio1/ { n = 0; for (i = 2; i <= NF; i++) if ($i ~ /^[0-9]+$/)
	n += $i; print n }' /proc/interrupts)" -gt 100 ]
well 'that interrupts came' $?
is 'what the kernel complains of' "$(dmesg -r | grep '^<[0-4]>' |
	grep -E 'vda|virtio|I/O error|blocked for more|BUG:|WARNING:' | grep -v 'soft lockup')" ''
echo 'all done'
