/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * virtio-net (virtio 1.2, section 5.1) over virtio-mmio, with a loop behind it:
 * a frame that is sent on a pair of queues is received on the same pair.
 *
 * A worker of its own does all queue work, with the transport's lock held; it
 * lets go of the lock between turns, each of which is bounded. A frame is
 * copied out of the guest's buffers once, and judged and returned from there.
 * One for which the guest has no buffers is dropped at once, as by a card.
 */

#include <stdbool.h>
#include <stdint.h>

#include <ktstr/error.h>
#include <ktstr/log.h>
#include <ktstr/network.h>

#include "device/device.h"
#include "device/virtio/mmio.h"
#include "memory/guest_memory.h"

#define KT_NET_MAX_PAIRS  8u
#define KT_NET_QUEUE_SIZE 256
#define KT_NET_FRAME_MIN  14u            /* Ethernet's header */
#define KT_NET_FRAME_MAX  (65535u + 18u) /* with that and a VLAN tag */

struct kt_net;

struct kt_net_config {
	const struct kt_guest_memory *memory; /* borrowed */
	struct kt_irq_line irq;
	const struct ktstr_log *log; /* borrowed, nullable */
	uint32_t n_pairs;            /* 1 to KT_NET_MAX_PAIRS */
	/* No thread; kt_net_process() does the work in the caller's. */
	bool no_worker;
};

int kt_net_create(const struct kt_net_config *config, struct kt_net **ret,
		  struct ktstr_error *err);
/* NULL is fine. No vCPU runs. */
void kt_net_destroy(struct kt_net *net);

/* For the bus and for KVM_IOEVENTFD, as kt_console_mmio(). */
struct kt_virtio_mmio *kt_net_mmio(struct kt_net *net);

/* Nothing is taken or given back between these two, which may be nested. */
void kt_net_hold(struct kt_net *net);
void kt_net_release(struct kt_net *net);

/* Returns what was sent; for a device without a worker. */
void kt_net_process(struct kt_net *net);

void kt_net_get_counters(struct kt_net *net, struct ktstr_network_counters *ret);
