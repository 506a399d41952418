/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_NETWORK_H
#define KTSTR_NETWORK_H

/*
 * The guest's network, one virtio-net device with the address
 * 02:00:00:00:00:01: every frame that it sends comes back to it, byte for byte,
 * on the queue pair that it was sent on. There is no way out.
 */

#include <stdint.h>

#include <ktstr/defaults.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KTSTR_NETWORK_MAX_PAIRS 8

/* Made by KTSTR_NETWORK() or KTSTR_NETWORK_CONFIG(). */
struct ktstr_network {
	uint32_t queue_pairs; /* 1 to 8; 0: one a CPU, up to 8 */
};

/* In place, for KTSTR_TEST(name, .network = KTSTR_NETWORK()). */
#define KTSTR_NETWORK(...)                                                     \
	(&(const struct ktstr_network){ .queue_pairs = 0, ##__VA_ARGS__ })

/* As a value, to be kept for as long as a configuration points to it. */
#define KTSTR_NETWORK_CONFIG(...)                                                     \
	({                                                                            \
		_Pragma("GCC diagnostic push")                                        \
			KTSTR_ALLOW_OVERRIDE_ struct ktstr_network ktstr_network_ = { \
				.queue_pairs = 0, ##__VA_ARGS__                       \
			};                                                            \
		_Pragma("GCC diagnostic pop") ktstr_network_;                         \
	})

/* Of a guest's device: what it sent either came back or was dropped. */
struct ktstr_network_counters {
	uint64_t sent; /* frames */
	uint64_t sent_bytes;
	uint64_t received;
	uint64_t received_bytes;

	/* Frames that were dropped, for */
	uint64_t dropped_no_buffer;    /* the guest had too few to receive */
	uint64_t dropped_small_buffer; /* larger than the buffer for it */
	uint64_t dropped_too_short;    /* less than an Ethernet header */
	uint64_t dropped_too_long;     /* more than 65553 bytes */
	uint64_t dropped_header;       /* asking for what is not on offer */
};

#ifdef __cplusplus
}
#endif

#endif
