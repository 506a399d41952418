// SPDX-License-Identifier: GPL-2.0-only
/* What a result says of the disk and the network card that a guest used. */
#include <stdio.h>
#include <string.h>

#include "guest.h"

bool a_disk_tells_what_it_did(void)
{
	struct ktstr_disk_config disk =
		KTSTR_DISK(.size_mib = 16, .name = "counted", .iops = 1000);
	struct ktstr_vm_config config = guest_config(
		"cat /sys/block/vda/serial && "
		"dd if=/dev/zero of=/dev/vda bs=4k count=8 oflag=direct "
		"conv=fsync && "
		"dd if=/dev/vda of=/dev/null bs=8k count=3 iflag=direct && "
		"blkdiscard -o 0 -l 65536 /dev/vda");
	_cleanup_result_ struct ktstr_vm_result *result = NULL;

	config.disk = &disk;
	result = guest_run(&config);
	CHECK(result);
	CHECK(guest_has(result->output, "counted"));
	CHECK(result->success && result->disk && !result->network);
	CHECK(result->disk->writes == 8);
	CHECK(result->disk->written_bytes == 8 * 4096);
	/* The kernel looks for partitions, too. */
	CHECK(result->disk->reads >= 3);
	CHECK(result->disk->read_bytes >= 3 * 8192);
	CHECK(result->disk->flushes >= 1);
	CHECK(result->disk->discards == 1);
	CHECK(result->disk->discarded_bytes == 65536);
	CHECK(result->disk->errors == 0);
	return true;
}

bool a_network_card_tells_what_it_did(void)
{
	const struct ktstr_network_config network =
		KTSTR_NETWORK(.queue_pairs = 1);
	struct ktstr_vm_config config = guest_config(
		"ip link set eth0 up && ip addr add 10.1.1.1/24 dev eth0 && "
		"{ ping -c 1 -W 3 10.1.1.2; ls -d "
		"/sys/class/net/eth0/queues/rx-* "
		"| wc -l; }");
	_cleanup_result_ struct ktstr_vm_result *result = NULL;
	const struct ktstr_network_counters *n;

	config.network = &network;
	config.topology = KTSTR_TOPOLOGY(1, 1, 2, 1);
	result = guest_run(&config);
	CHECK(result);
	CHECK(result->success && result->network && !result->disk);
	CHECK(guest_has(result->output, "\n1\n"));
	n = result->network;
	/* Somebody asked who has 10.1.1.2. */
	CHECK(n->sent_packets >= 1 && n->sent_bytes >= 42);
	CHECK(n->returned_packets >= 1);
	CHECK(n->sent_packets ==
	      n->returned_packets + n->dropped_no_buffer +
		      n->dropped_small_buffer + n->dropped_too_long +
		      n->dropped_too_short + n->dropped_offload);
	return true;
}
