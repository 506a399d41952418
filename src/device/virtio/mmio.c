// SPDX-License-Identifier: GPL-2.0-only
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/log.h"
#include "base/macro.h"
#include "base/mutex.h"
#include "device/virtio/mmio.h"

/* Registers (virtio 1.2, table 4.1). */
enum {
	REG_MAGIC = 0x000,
	REG_VERSION = 0x004,
	REG_DEVICE_ID = 0x008,
	REG_VENDOR_ID = 0x00c,
	REG_DEVICE_FEATURES = 0x010,
	REG_DEVICE_FEATURES_SEL = 0x014,
	REG_DRIVER_FEATURES = 0x020,
	REG_DRIVER_FEATURES_SEL = 0x024,
	REG_QUEUE_SEL = 0x030,
	REG_QUEUE_SIZE_MAX = 0x034,
	REG_QUEUE_SIZE = 0x038,
	REG_QUEUE_READY = 0x044,
	REG_QUEUE_NOTIFY = KT_VIRTIO_MMIO_NOTIFY_OFFSET,
	REG_INTERRUPT_STATUS = 0x060,
	REG_INTERRUPT_ACK = 0x064,
	REG_STATUS = 0x070,
	REG_QUEUE_DESC_LOW = 0x080,
	REG_QUEUE_DESC_HIGH = 0x084,
	REG_QUEUE_AVAIL_LOW = 0x090,
	REG_QUEUE_AVAIL_HIGH = 0x094,
	REG_QUEUE_USED_LOW = 0x0a0,
	REG_QUEUE_USED_HIGH = 0x0a4,
	REG_SHM_LENGTH_LOW = 0x0b0,
	REG_SHM_LENGTH_HIGH = 0x0b4,
	REG_SHM_BASE_LOW = 0x0b8,
	REG_SHM_BASE_HIGH = 0x0bc,
	REG_CONFIG_GENERATION = 0x0fc,
	REG_CONFIG = 0x100,
};

#define MAGIC     0x74726976 /* "virt" */
#define VERSION   2
#define VENDOR_ID 0x5254534b /* "KSTR" */

enum {
	INTERRUPT_QUEUE = 1,
	INTERRUPT_CONFIG = 2,
};

#define TRANSPORT_FEATURES                                                     \
	(KT_VIRTIO_F_INDIRECT_DESC | KT_VIRTIO_F_EVENT_IDX |                   \
	 KT_VIRTIO_F_VERSION_1)

/* A guest can break the rules all day; the log has better uses. */
#define LOGGED_VIOLATIONS 8

int kt_virtio_mmio_init(struct kt_virtio_mmio *mmio,
			const struct kt_virtio_mmio_config *config)
{
	assert(config->n_queues <= KT_VIRTIO_MAX_QUEUES);
	*mmio = (struct kt_virtio_mmio){
		.ops = config->ops,
		.device = config->device,
		.irq = config->irq,
		.log = config->log,
		.n_queues = config->n_queues,
	};
	for (uint32_t i = 0; i < config->n_queues; i++) {
		kt_virtqueue_init(&mmio->queues[i], config->memory,
				  config->queue_max_size,
				  config->max_chain_bytes);
		mmio->queue_eventfds[i] = config->queue_eventfds[i];
	}
	return kt_mutex_init(&mmio->lock);
}

void kt_virtio_mmio_deinit(struct kt_virtio_mmio *mmio)
{
	pthread_mutex_destroy(&mmio->lock);
}

static uint64_t mmio_device_features(const struct kt_virtio_mmio *mmio)
{
	return mmio->ops->features | TRANSPORT_FEATURES;
}

bool kt_virtio_mmio_running(const struct kt_virtio_mmio *mmio)
{
	return (mmio->status & KT_VIRTIO_DRIVER_OK) &&
	       !(mmio->status & (KT_VIRTIO_NEEDS_RESET | KT_VIRTIO_FAILED));
}

bool kt_virtio_mmio_has(const struct kt_virtio_mmio *mmio, uint64_t feature)
{
	return (mmio->status & KT_VIRTIO_FEATURES_OK) &&
	       (mmio->driver_features & feature) == feature;
}

static void mmio_raise(struct kt_virtio_mmio *mmio, unsigned int cause)
{
	/* The handler reads the cause after the edge. */
	atomic_fetch_or(&mmio->interrupt_status, cause);
	kt_irq_line_raise(&mmio->irq);
}

void kt_virtio_mmio_interrupt(struct kt_virtio_mmio *mmio, uint32_t queue)
{
	if (kt_virtqueue_should_interrupt(&mmio->queues[queue]))
		mmio_raise(mmio, INTERRUPT_QUEUE);
}

void kt_virtio_mmio_config_changed(struct kt_virtio_mmio *mmio)
{
	mmio->config_generation++;
	if (mmio->status & KT_VIRTIO_DRIVER_OK)
		mmio_raise(mmio, INTERRUPT_CONFIG);
}

void kt_virtio_mmio_violated(struct kt_virtio_mmio *mmio, uint32_t queue,
			     const char *what)
{
	if (mmio->violations++ < LOGGED_VIOLATIONS)
		kt_warn(mmio->log,
			"%s: the guest's driver broke the rules of queue %u: "
			"%s; the device stops until it is reset",
			mmio->ops->name, queue, what);
	if (mmio->status & KT_VIRTIO_NEEDS_RESET)
		return;
	mmio->status |= KT_VIRTIO_NEEDS_RESET;
	/* Section 2.1.2: a driver that is up must be told. */
	if (mmio->status & KT_VIRTIO_DRIVER_OK)
		mmio_raise(mmio, INTERRUPT_CONFIG);
}

/* NULL when the driver selected a queue that does not exist. */
static struct kt_virtqueue *mmio_selected(struct kt_virtio_mmio *mmio)
{
	if (mmio->queue_sel >= mmio->n_queues)
		return NULL;
	return &mmio->queues[mmio->queue_sel];
}

static uint32_t mmio_half(uint64_t value, uint32_t select)
{
	switch (select) {
	case 0:
		return (uint32_t)value;
	case 1:
		return (uint32_t)(value >> 32);
	default:
		return 0;
	}
}

static uint32_t mmio_read_register(struct kt_virtio_mmio *mmio, uint64_t reg)
{
	const struct kt_virtqueue *vq = mmio_selected(mmio);

	switch (reg) {
	case REG_MAGIC:
		return MAGIC;
	case REG_VERSION:
		return VERSION;
	case REG_DEVICE_ID:
		return mmio->ops->device_id;
	case REG_VENDOR_ID:
		return VENDOR_ID;
	case REG_DEVICE_FEATURES:
		return mmio_half(mmio_device_features(mmio),
				 mmio->device_features_sel);
	case REG_QUEUE_SIZE_MAX:
		return vq ? vq->max_size : 0;
	case REG_QUEUE_READY:
		return vq && vq->ready;
	case REG_STATUS:
		return mmio->status;
	case REG_SHM_LENGTH_LOW:
	case REG_SHM_LENGTH_HIGH:
	case REG_SHM_BASE_LOW:
	case REG_SHM_BASE_HIGH:
		return UINT32_MAX; /* no shared memory region (4.2.2.1) */
	case REG_CONFIG_GENERATION:
		return mmio->config_generation;
	default:
		return 0;
	}
}

static void mmio_reset(struct kt_virtio_mmio *mmio)
{
	for (uint32_t i = 0; i < mmio->n_queues; i++)
		kt_virtqueue_reset(&mmio->queues[i]);
	mmio->status = 0;
	mmio->device_features_sel = 0;
	mmio->driver_features_sel = 0;
	mmio->driver_features = 0;
	mmio->queue_sel = 0;
	atomic_store(&mmio->interrupt_status, 0);
	mmio->ops->reset(mmio->device);
}

/* Section 2.2.2: what we did not offer cannot be accepted. */
static bool mmio_features_fit(const struct kt_virtio_mmio *mmio)
{
	return !(mmio->driver_features & ~mmio_device_features(mmio)) &&
	       (mmio->driver_features & KT_VIRTIO_F_VERSION_1);
}

static void mmio_write_status(struct kt_virtio_mmio *mmio, uint32_t value)
{
	uint32_t added;

	if (!value) {
		mmio_reset(mmio);
		return;
	}
	/* Bits are only ever added; ours and unknown ones are not theirs. */
	added = value & ~mmio->status &
		(KT_VIRTIO_ACKNOWLEDGE | KT_VIRTIO_DRIVER |
		 KT_VIRTIO_DRIVER_OK | KT_VIRTIO_FEATURES_OK | KT_VIRTIO_FAILED);
	if ((added & KT_VIRTIO_FEATURES_OK) && !mmio_features_fit(mmio))
		added &= ~KT_VIRTIO_FEATURES_OK;
	/* Without agreed features there is no going live (3.1.1). */
	if (!((mmio->status | added) & KT_VIRTIO_FEATURES_OK))
		added &= ~KT_VIRTIO_DRIVER_OK;
	mmio->status |= added;
	if ((added & KT_VIRTIO_DRIVER_OK) && kt_virtio_mmio_running(mmio))
		mmio->ops->start(mmio->device);
}

static void mmio_write_driver_features(struct kt_virtio_mmio *mmio, uint32_t value)
{
	unsigned int shift = mmio->driver_features_sel * 32;

	/* Settled once FEATURES_OK is set; there are no bits above 63. */
	if ((mmio->status & KT_VIRTIO_FEATURES_OK) ||
	    mmio->driver_features_sel > 1)
		return;
	mmio->driver_features &= ~((uint64_t)UINT32_MAX << shift);
	mmio->driver_features |= (uint64_t)value << shift;
}

static void mmio_write_queue_ready(struct kt_virtio_mmio *mmio, uint32_t value)
{
	struct kt_virtqueue *vq = mmio_selected(mmio);

	if (!value) {
		/* Stopping a queue forgets its place in the rings. */
		if (vq->ready)
			kt_virtqueue_reset(vq);
		return;
	}
	/* Queues are set up before the driver goes live (3.1.1). */
	if (value != 1 || vq->ready || (mmio->status & KT_VIRTIO_DRIVER_OK))
		return;
	if (kt_virtqueue_enable(
		    vq, kt_virtio_mmio_has(mmio, KT_VIRTIO_F_EVENT_IDX),
		    kt_virtio_mmio_has(mmio, KT_VIRTIO_F_INDIRECT_DESC)) < 0)
		kt_virtio_mmio_violated(mmio, mmio->queue_sel, vq->violation);
}

static void set_low(uint64_t *address, uint32_t value)
{
	*address = (*address & ~(uint64_t)UINT32_MAX) | value;
}

static void set_high(uint64_t *address, uint32_t value)
{
	*address = (*address & UINT32_MAX) | (uint64_t)value << 32;
}

/* A ready queue's size and addresses were checked and stay as they are. */
static void mmio_write_queue(struct kt_virtio_mmio *mmio, uint64_t reg,
			     uint32_t value)
{
	struct kt_virtqueue *vq = mmio_selected(mmio);

	if (!vq || !(mmio->status & KT_VIRTIO_FEATURES_OK))
		return;
	if (reg == REG_QUEUE_READY) {
		mmio_write_queue_ready(mmio, value);
		return;
	}
	if (vq->ready)
		return;
	switch (reg) {
	case REG_QUEUE_SIZE:
		/* What does not fit is no size at all, and refused later. */
		vq->size = value <= UINT16_MAX ? (uint16_t)value : 0;
		break;
	case REG_QUEUE_DESC_LOW:
		set_low(&vq->desc_gpa, value);
		break;
	case REG_QUEUE_DESC_HIGH:
		set_high(&vq->desc_gpa, value);
		break;
	case REG_QUEUE_AVAIL_LOW:
		set_low(&vq->avail_gpa, value);
		break;
	case REG_QUEUE_AVAIL_HIGH:
		set_high(&vq->avail_gpa, value);
		break;
	case REG_QUEUE_USED_LOW:
		set_low(&vq->used_gpa, value);
		break;
	case REG_QUEUE_USED_HIGH:
		set_high(&vq->used_gpa, value);
		break;
	default:
		break;
	}
}

static void mmio_write_register(struct kt_virtio_mmio *mmio, uint64_t reg,
				uint32_t value)
{
	switch (reg) {
	case REG_DEVICE_FEATURES_SEL:
		mmio->device_features_sel = value;
		break;
	case REG_DRIVER_FEATURES:
		mmio_write_driver_features(mmio, value);
		break;
	case REG_DRIVER_FEATURES_SEL:
		mmio->driver_features_sel = value;
		break;
	case REG_QUEUE_SEL:
		mmio->queue_sel = value;
		break;
	case REG_STATUS:
		mmio_write_status(mmio, value);
		break;
	default:
		mmio_write_queue(mmio, reg, value);
		break;
	}
}

/* An access that leaves the configuration space reads 0, writes nothing. */
static bool mmio_in_config(const struct kt_virtio_mmio *mmio, uint64_t offset,
			   uint32_t length)
{
	uint32_t size = mmio->ops->config_bytes;

	return offset >= REG_CONFIG && offset - REG_CONFIG < size &&
	       length <= size - (offset - REG_CONFIG);
}

static bool mmio_is_register(uint64_t offset, uint32_t length)
{
	return offset < REG_CONFIG && length == 4 && !(offset & 3);
}

static void mmio_read(void *device, uint64_t offset, void *data, uint32_t length)
{
	struct kt_virtio_mmio *mmio = device;
	uint32_t value;

	memset(data, 0, length);
	if (mmio_is_register(offset, length)) {
		/* In every interrupt: not behind the worker's lock. */
		if (offset == REG_INTERRUPT_STATUS) {
			value = atomic_load(&mmio->interrupt_status);
		} else {
			pthread_mutex_lock(&mmio->lock);
			value = mmio_read_register(mmio, offset);
			pthread_mutex_unlock(&mmio->lock);
		}
		memcpy(data, &value, sizeof(value));
	} else if (mmio_in_config(mmio, offset, length)) {
		pthread_mutex_lock(&mmio->lock);
		mmio->ops->read_config(mmio->device, offset - REG_CONFIG, data,
				       length);
		pthread_mutex_unlock(&mmio->lock);
	}
}

static void mmio_notify(struct kt_virtio_mmio *mmio, uint32_t queue)
{
	/* A counter at its limit is a notification already pending. */
	if (queue < mmio->n_queues)
		(void)eventfd_write(mmio->queue_eventfds[queue], 1);
}

static void mmio_write(void *device, uint64_t offset, const void *data,
		       uint32_t length)
{
	struct kt_virtio_mmio *mmio = device;
	uint32_t value;

	if (mmio_is_register(offset, length)) {
		memcpy(&value, data, sizeof(value));
		switch (offset) {
		case REG_QUEUE_NOTIFY:
			mmio_notify(mmio, value);
			break;
		case REG_INTERRUPT_ACK:
			atomic_fetch_and(&mmio->interrupt_status, ~value);
			break;
		default:
			pthread_mutex_lock(&mmio->lock);
			mmio_write_register(mmio, offset, value);
			pthread_mutex_unlock(&mmio->lock);
			break;
		}
	} else if (mmio->ops->write_config &&
		   mmio_in_config(mmio, offset, length)) {
		pthread_mutex_lock(&mmio->lock);
		mmio->ops->write_config(mmio->device, offset - REG_CONFIG, data,
					length);
		pthread_mutex_unlock(&mmio->lock);
	}
}

const struct kt_device_ops kt_virtio_mmio_ops = {
	.name = "virtio-mmio",
	.read = mmio_read,
	.write = mmio_write,
};
