// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtio-mmio transport under a script of register accesses of any offset
 * and width, with a device behind it that takes and returns every chain. The
 * rules of the status register and of ready queues must hold after each step.
 */
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/macro.h"
#include "device/virtio/mmio.h"
#include "fuzz.h"

#define RAM_BYTES    0x4000
#define N_QUEUES     3
#define QUEUE_MAX    16
#define CONFIG_BYTES 12

struct fuzz_device {
	struct kt_virtio_mmio mmio;
	struct kt_memory_region ram;
	struct kt_guest_memory memory;
	struct kt_virtqueue_chain chain;
	uint8_t config[CONFIG_BYTES];
	bool live;
};

static void device_read_config(void *device, uint32_t offset, void *data,
			       uint32_t length)
{
	struct fuzz_device *d = device;

	fuzz_check(offset < CONFIG_BYTES && length <= CONFIG_BYTES - offset);
	memcpy(data, d->config + offset, length);
}

static void device_write_config(void *device, uint32_t offset, const void *data,
				uint32_t length)
{
	struct fuzz_device *d = device;

	fuzz_check(offset < CONFIG_BYTES && length <= CONFIG_BYTES - offset);
	memcpy(d->config + offset, data, length);
}

static void device_start(void *device)
{
	struct fuzz_device *d = device;

	fuzz_check(!d->live && kt_virtio_mmio_running(&d->mmio));
	fuzz_check(kt_virtio_mmio_has(&d->mmio, KT_VIRTIO_F_VERSION_1));
	d->live = true;
}

static void device_reset(void *device)
{
	struct fuzz_device *d = device;

	d->live = false;
	fuzz_check(!d->mmio.status);
	for (uint32_t i = 0; i < N_QUEUES; i++)
		fuzz_check(!d->mmio.queues[i].ready);
}

static const struct kt_virtio_ops device_ops = {
	.name = "fuzz",
	.device_id = 1,
	.features = 0x5,
	.config_bytes = CONFIG_BYTES,
	.read_config = device_read_config,
	.write_config = device_write_config,
	.start = device_start,
	.reset = device_reset,
};

static void serve_queue(struct fuzz_device *d, uint32_t queue)
{
	struct kt_virtqueue *vq = &d->mmio.queues[queue];

	for (int i = 0; kt_virtio_mmio_running(&d->mmio) && i < 32; i++) {
		int r = kt_virtqueue_pop(vq, &d->chain);

		if (r < 0)
			kt_virtio_mmio_violated(&d->mmio, queue, vq->violation);
		if (r <= 0)
			break;
		kt_virtqueue_push(vq, d->chain.head, 0);
	}
	kt_virtio_mmio_interrupt(&d->mmio, queue);
}

static void check_state(const struct fuzz_device *d)
{
	uint32_t status = d->mmio.status;

	fuzz_check(!(status & ~(uint32_t)(0xf | KT_VIRTIO_NEEDS_RESET |
					  KT_VIRTIO_FAILED)));
	fuzz_check(!(status & KT_VIRTIO_DRIVER_OK) ||
		   (status & KT_VIRTIO_FEATURES_OK));
	fuzz_check(!d->live || (status & KT_VIRTIO_DRIVER_OK));
	for (uint32_t i = 0; i < N_QUEUES; i++) {
		const struct kt_virtqueue *vq = &d->mmio.queues[i];

		if (!vq->ready)
			continue;
		fuzz_check(status & KT_VIRTIO_FEATURES_OK);
		fuzz_check(vq->size && vq->size <= QUEUE_MAX);
		fuzz_check((const uint8_t *)vq->desc ==
			   d->ram.hva + (vq->desc_gpa - d->ram.gpa));
		fuzz_check(vq->desc_gpa - d->ram.gpa + 16 * vq->size <= RAM_BYTES);
	}
}

static const uint32_t known_registers[] = {
	0x10, 0x14, 0x20, 0x24, 0x30, 0x38, 0x44, 0x50, 0x60, 0x64, 0x70,
	0x80, 0x84, 0x90, 0x94, 0xa0, 0xa4, 0xac, 0xb0, 0xfc, 0x34,
};

static void write_register(struct fuzz_device *d, uint32_t reg, uint32_t value)
{
	kt_virtio_mmio_ops.write(&d->mmio, reg, &value, sizeof(value));
}

/* What a driver does, with one value replaced by the input's. */
static void bring_up(struct fuzz_device *d, struct fuzz_input *input)
{
	uint8_t odd = fuzz_take8(input) % 32;
	uint32_t value = fuzz_take32(input);
	uint8_t flags = fuzz_take8(input);
	int n = 0;

#define put(reg, sane) write_register(d, reg, n++ == odd ? value : (sane))
	put(0x70, 0);
	put(0x70, 3);
	put(0x24, 0);
	put(0x20, (uint32_t)(flags & 3) << 28);
	put(0x24, 1);
	put(0x20, 1);
	put(0x70, 11);
	for (uint32_t i = 0; i < N_QUEUES; i++) {
		put(0x30, i);
		put(0x38, 1u << (flags >> 2) % 6);
		put(0x80, (uint32_t)d->ram.gpa + 0x1000 * i);
		put(0x90, (uint32_t)d->ram.gpa + 0x1000 * i + 0x400);
		put(0xa0, (uint32_t)d->ram.gpa + 0x1000 * i + 0x800);
		put(0x44, 1);
	}
	put(0x70, 15);
#undef put
}

static void step(struct fuzz_device *d, struct fuzz_input *input)
{
	uint8_t kind = fuzz_take8(input), data[8];
	uint64_t offset;

	switch (kind % 8) {
	case 0: /* any access, any width */
		offset = fuzz_take16(input);
		if (kind & 0x80)
			offset |= (uint64_t)fuzz_take32(input) << 32;
		fuzz_take(input, data, sizeof(data));
		kt_virtio_mmio_ops.write(&d->mmio, offset, data,
					 1u << (kind >> 3) % 4);
		break;
	case 1:
		offset = fuzz_take16(input);
		kt_virtio_mmio_ops.read(&d->mmio, offset, data,
					1u << (kind >> 3) % 4);
		break;
	case 2: /* a known register, any value */
		offset = fuzz_take8(input) % KT_ARRAY_SIZE(known_registers);
		write_register(d, known_registers[offset], fuzz_take32(input));
		break;
	case 3:
		bring_up(d, input);
		break;
	case 4: /* guest memory */
		offset = fuzz_take16(input);
		fuzz_take(input, data, sizeof(data));
		kt_guest_memory_write(&d->memory, d->ram.gpa + offset, data,
				      sizeof(data));
		break;
	case 5:
		serve_queue(d, (kind >> 3) % N_QUEUES);
		break;
	case 6:
		kt_virtio_mmio_config_changed(&d->mmio);
		break;
	case 7: /* status, one bit more */
		write_register(d, 0x70, d->mmio.status | 1u << (kind >> 3) % 8);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz_device d;
	struct fuzz_input input = { data, size };
	struct kt_virtio_mmio_config config = {
		.ops = &device_ops,
		.device = &d,
		.memory = &d.memory,
		.irq = { -1 },
		.n_queues = N_QUEUES,
		.queue_max_size = QUEUE_MAX,
		.max_chain_bytes = 1 << 20,
	};
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	d.live = false;
	d.ram = (struct kt_memory_region){
		.gpa = 0x10000,
		.size_bytes = RAM_BYTES,
		.hva = aligned_alloc(4096, RAM_BYTES),
	};
	fuzz_check(fd >= 0 && d.ram.hva);
	memset(d.ram.hva, 0, RAM_BYTES);
	d.memory = (struct kt_guest_memory){ &d.ram, 1, NULL };
	for (uint32_t i = 0; i < N_QUEUES; i++)
		config.queue_eventfds[i] = fd;
	fuzz_check(kt_virtio_mmio_init(&d.mmio, &config) == 0);
	for (int steps = 0; input.left && steps < 512; steps++) {
		step(&d, &input);
		check_state(&d);
	}
	kt_virtio_mmio_deinit(&d.mmio);
	free(d.ram.hva);
	close(fd);
	return 0;
}
