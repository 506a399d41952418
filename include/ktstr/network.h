/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_NETWORK_H
#define KTSTR_NETWORK_H

/*
 * A network card for a VM: eth0 in the guest, virtio-net over virtio-mmio, with
 * nothing behind it. Each frame that is sent comes back as it is, on the same
 * pair of queues, or is counted as dropped. The guest's own IP layer keeps
 * what it sends to itself on lo, so this is for packet sockets (AF_PACKET).
 */

#include <stdint.h>

#include <ktstr/defaults.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KTSTR_NETWORK_MAX_QUEUE_PAIRS 8

/* Fill it in with KTSTR_NETWORK(). */
struct ktstr_network_config {
	/* 1 to KTSTR_NETWORK_MAX_QUEUE_PAIRS; 0: one a vCPU up to that. */
	uint32_t queue_pairs;
};

#define KTSTR_NETWORK(...)                                                     \
	({                                                                     \
		_Pragma("GCC diagnostic push") KTSTR_ALLOW_OVERRIDE_           \
		struct ktstr_network_config ktstr_network_ = {                 \
			.queue_pairs = 0,                                      \
			__VA_ARGS__                                            \
		};                                                             \
		_Pragma("GCC diagnostic pop")                                  \
		ktstr_network_;                                                \
	})

/* What the card did during a run. What was sent came back or was dropped. */
struct ktstr_network_counters {
	uint64_t sent_packets; /* by the guest; bytes without virtio's header */
	uint64_t sent_bytes;
	uint64_t returned_packets;
	uint64_t returned_bytes;
	/* Dropped: the guest had no buffers ready; */
	uint64_t dropped_no_buffer;
	/* those that it had could not hold the frame; */
	uint64_t dropped_small_buffer;
	/* the frame is longer than any, or shorter than Ethernet's header; */
	uint64_t dropped_too_long;
	uint64_t dropped_too_short;
	/* or wants work done to it that the card does not offer. */
	uint64_t dropped_offload;
};

#ifdef __cplusplus
}
#endif

#endif
