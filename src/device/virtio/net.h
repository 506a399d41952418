/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * virtio-net (virtio 1.2, section 5.1) over virtio-mmio, looped back: what the
 * driver sends on a queue pair it receives on that pair, so a guest has
 *packets, interrupts and softirqs, and no network.
 *
 *	tx queue i -> frame, checked -> rx queue i	(dropped and counted
 *when there is no room)
 *
 * One thread does it all, under the transport's lock; all signals are blocked
 * in it.
 */

#include <stdbool.h>
#include <stdint.h>

#include <ktstr/error.h>
#include <ktstr/log.h>
#include <ktstr/network.h>

#include "device/device.h"
#include "device/virtio/mmio.h"
#include "memory/guest_memory.h"

#define KT_NET_MAX_PAIRS 8u
#define KT_NET_MAC                                                             \
	{                                                                      \
		0x02, 0, 0, 0, 0, 0x01                                         \
	}

/* An Ethernet header, and with 64 KiB of payload and a VLAN tag behind it. */
#define KT_NET_MIN_FRAME 14u
#define KT_NET_MAX_FRAME (14u + 4 + 65535)

struct kt_net;

struct kt_net_config {
	const struct kt_guest_memory *memory; /* borrowed */
	struct kt_irq_line irq;
	const struct ktstr_log *log; /* borrowed, nullable */
	uint32_t n_pairs;            /* 1 to KT_NET_MAX_PAIRS */
	bool threaded;               /* else kt_net_process() does it all */
};

int kt_net_create(const struct kt_net_config *config, struct kt_net **ret,
		  struct ktstr_error *err);
/* NULL is fine. No vCPU runs. */
void kt_net_destroy(struct kt_net *net);

/* For the bus and for KVM_IOEVENTFD, as kt_console_mmio(). */
struct kt_virtio_mmio *kt_net_mmio(struct kt_net *net);

/* Moves the frames at hand, as the thread would, in bounded time. */
void kt_net_process(struct kt_net *net);

/* As kt_blk_hold() and kt_blk_release(). */
void kt_net_hold(struct kt_net *net);
void kt_net_release(struct kt_net *net);

/* Up to now. Any thread. */
void kt_net_get_counters(struct kt_net *net, struct ktstr_network_counters *ret);
