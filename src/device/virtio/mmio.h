/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The virtio-mmio transport, version 2 (virtio 1.2, section 4.2): registers,
 * feature negotiation, status, queues and interrupts of one virtio device.
 *
 * Two kinds of threads meet here. vCPU threads touch registers through
 * kt_virtio_mmio_ops; one worker thread processes the queues when an eventfd
 * says so. `lock` covers everything but the interrupt status; the device's
 * operations run with it held.
 *
 * A notification never does work on the vCPU thread: it writes the queue's
 * eventfd, or never reaches this code because KVM_IOEVENTFD does so (a 4-byte
 * write at KT_VIRTIO_MMIO_NOTIFY_OFFSET with the queue's index as datamatch).
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <ktstr/log.h>

#include "device/device.h"
#include "device/virtio/queue.h"

#define KT_VIRTIO_MMIO_BYTES         0x200 /* registers and configuration */
#define KT_VIRTIO_MMIO_NOTIFY_OFFSET 0x50
#define KT_VIRTIO_MAX_QUEUES         17 /* eight pairs and one */

/* Feature bits of every device (virtio 1.2, section 6). */
#define KT_VIRTIO_F_INDIRECT_DESC (1ULL << 28)
#define KT_VIRTIO_F_EVENT_IDX     (1ULL << 29)
#define KT_VIRTIO_F_VERSION_1     (1ULL << 32)

/* Device status (section 2.1). */
enum kt_virtio_status {
	KT_VIRTIO_ACKNOWLEDGE = 1,
	KT_VIRTIO_DRIVER = 2,
	KT_VIRTIO_DRIVER_OK = 4,
	KT_VIRTIO_FEATURES_OK = 8,
	KT_VIRTIO_NEEDS_RESET = 64,
	KT_VIRTIO_FAILED = 128,
};

/* What one kind of device is. All run with the transport's lock held. */
struct kt_virtio_ops {
	const char *name; /* for messages */
	uint32_t device_id;
	uint64_t features;     /* its own; the transport adds the general */
	uint32_t config_bytes; /* configuration space, up to 0x100 */
	/* Inside config_bytes. `write_config` may be NULL. */
	void (*read_config)(void *device, uint32_t offset, void *data,
			    uint32_t length);
	void (*write_config)(void *device, uint32_t offset, const void *data,
			     uint32_t length);
	/* The driver has set DRIVER_OK: queues may be used from now on. */
	void (*start)(void *device);
	/* The driver resets: forget every chain in hand. Queues are off. */
	void (*reset)(void *device);
};

struct kt_virtio_mmio {
	pthread_mutex_t lock;
	const struct kt_virtio_ops *ops;
	void *device;
	struct kt_irq_line irq;
	const struct ktstr_log *log;
	uint32_t n_queues;
	struct kt_virtqueue queues[KT_VIRTIO_MAX_QUEUES];
	int queue_eventfds[KT_VIRTIO_MAX_QUEUES]; /* borrowed */

	atomic_uint interrupt_status;
	uint32_t status;
	uint32_t config_generation;
	uint32_t device_features_sel;
	uint32_t driver_features_sel;
	uint64_t driver_features;
	uint32_t queue_sel;
	uint32_t violations; /* ever; only the first few are logged */
};

struct kt_virtio_mmio_config {
	const struct kt_virtio_ops *ops;
	void *device;
	const struct kt_guest_memory *memory; /* borrowed */
	struct kt_irq_line irq;
	const struct ktstr_log *log; /* borrowed, nullable */
	uint32_t n_queues;
	uint16_t queue_max_size;
	uint64_t max_chain_bytes;
	/* One a queue, borrowed; queues may share one. Non-blocking. */
	int queue_eventfds[KT_VIRTIO_MAX_QUEUES];
};

/* Embedded in its device. 0 or -errno. */
int kt_virtio_mmio_init(struct kt_virtio_mmio *mmio,
			const struct kt_virtio_mmio_config *config);
void kt_virtio_mmio_deinit(struct kt_virtio_mmio *mmio);

/* The `device` of these is a struct kt_virtio_mmio. */
extern const struct kt_device_ops kt_virtio_mmio_ops;

/* For the worker; lock held for all of these. */

/* The driver is up and nothing was violated: queues may be processed. */
bool kt_virtio_mmio_running(const struct kt_virtio_mmio *mmio);
bool kt_virtio_mmio_has(const struct kt_virtio_mmio *mmio, uint64_t feature);
/* Interrupts the driver if it wants one for what was pushed to `queue`. */
void kt_virtio_mmio_interrupt(struct kt_virtio_mmio *mmio, uint32_t queue);
/* The configuration space changed: new generation, interrupt. */
void kt_virtio_mmio_config_changed(struct kt_virtio_mmio *mmio);
/* The driver broke the rules: DEVICE_NEEDS_RESET, one line to the log. */
void kt_virtio_mmio_violated(struct kt_virtio_mmio *mmio, uint32_t queue,
			     const char *what);
