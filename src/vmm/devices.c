// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/macro.h"
#include "vmm/machine.h"
#include "vmm/x86_64/layout.h"

/* Requests that may wait for the disk's storage at the same time. */
#define DISK_WORKERS 4

static void ended_by_reset(void *userdata)
{
	const struct kt_vcpu_host *host = userdata;

	host->end(host->userdata,
		  &(struct kt_end){ .kind = KT_END_RESET, .vcpu = -1 });
}

static void ended_by_power_off(void *userdata)
{
	const struct kt_vcpu_host *host = userdata;

	host->end(host->userdata,
		  &(struct kt_end){ .kind = KT_END_POWER_OFF, .vcpu = -1 });
}

/* Fails only if the vCPU's interrupts could not be routed; nobody to tell. */
static void route_pins(void *userdata, const struct kt_msi *msis, size_t n_msis)
{
	struct kt_machine *machine = userdata;
	int r = kt_kvm_route_msis(&machine->kvm, msis, n_msis);

	if (r)
		kt_warn(machine->log, "KVM refuses interrupt routes: %s",
			strerror(-r));
}

static int open_irq(struct kt_machine *machine, enum kt_machine_irq irq,
		    uint32_t gsi, struct kt_irq_line *ret,
		    struct ktstr_error *err)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		return kt_err_errno(err, -errno, "cannot make an eventfd");
	machine->irq_eventfds[irq] = fd;
	ret->eventfd = fd;
	return kt_kvm_irqfd(&machine->kvm, fd, gsi, err);
}

static int claim(struct kt_bus *bus, uint64_t base, uint64_t size,
		 const struct kt_device_ops *ops, void *device,
		 struct ktstr_error *err)
{
	int r = kt_bus_add(bus, base, size, ops, device);

	if (r)
		return kt_err_errno(err, r, "no place for %s at %#llx",
				    ops->name, (unsigned long long)base);
	return 0;
}

static int add_serial(struct kt_machine *machine, enum kt_machine_irq irq,
		      uint32_t gsi, uint64_t port,
		      struct kt_serial_config *config,
		      struct kt_serial **ret, struct ktstr_error *err)
{
	int r = open_irq(machine, irq, gsi, &config->irq, err);

	if (r)
		return r;
	r = kt_serial_create(config, ret);
	if (r)
		return kt_err_errno(err, r, "cannot make a serial port");
	return claim(&machine->ports, port, KT_SERIAL_PORTS, &kt_serial_ops,
		     *ret, err);
}

static int add_i8042(struct kt_machine *machine, struct ktstr_error *err)
{
	int r = kt_i8042_create(ended_by_reset, &machine->host, &machine->i8042);

	if (r)
		return kt_err_errno(err, r, "cannot make an i8042");
	return claim(&machine->ports, KT_I8042_DATA_PORT, KT_I8042_PORTS,
		     &kt_i8042_ops, machine->i8042, err);
}

static int add_ioapic(struct kt_machine *machine, struct ktstr_error *err)
{
	int r;

	if (machine->kvm.irqchip != KT_IRQCHIP_SPLIT)
		return 0;
	r = kt_ioapic_create(route_pins, machine, &machine->ioapic);
	if (r)
		return kt_err_errno(err, r, "cannot make an IOAPIC");
	return claim(&machine->mmio, KT_IOAPIC_GPA, KT_IOAPIC_BYTES,
		     &kt_ioapic_ops, machine->ioapic, err);
}

/* Of the device that comes next. */
static int open_virtio_irq(struct kt_machine *machine, enum kt_machine_irq irq,
			   struct kt_irq_line *ret, struct ktstr_error *err)
{
	return open_irq(machine, irq, KT_VIRTIO_GSI(machine->n_virtio), ret,
			err);
}

/* Gives the device the next window, and its notifications a short way. */
static int add_virtio(struct kt_machine *machine, struct kt_virtio_mmio *mmio,
		      struct ktstr_error *err)
{
	uint64_t window = KT_VIRTIO_WINDOW_GPA(machine->n_virtio++);
	int r = 0;

	for (uint32_t i = 0; !r && i < mmio->n_queues; i++)
		r = kt_kvm_ioeventfd(&machine->kvm, mmio->queue_eventfds[i],
				     window + KT_VIRTIO_MMIO_NOTIFY_OFFSET, i,
				     err);
	if (r)
		return r;
	return claim(&machine->mmio, window, KT_VIRTIO_BYTES,
		     &kt_virtio_mmio_ops, mmio, err);
}

static int add_console(struct kt_machine *machine,
		       const struct kt_machine_config *config,
		       struct ktstr_error *err)
{
	struct kt_console_config console = {
		.memory = &machine->view,
		.log = machine->log,
		.callbacks = config->console,
		.userdata = config->userdata,
	};
	int r;

	r = open_virtio_irq(machine, KT_MACHINE_IRQ_CONSOLE, &console.irq, err);
	if (!r)
		r = kt_console_create(&console, &machine->console, err);
	if (r)
		return r;
	return add_virtio(machine, kt_console_mmio(machine->console), err);
}

static int add_disk(struct kt_machine *machine,
		    const struct kt_machine_config *config,
		    struct ktstr_error *err)
{
	const struct kt_disk *disk = config->disk;
	struct kt_blk_config blk = {
		.memory = &machine->view,
		.log = machine->log,
		.n_workers = DISK_WORKERS,
	};
	int r;

	if (!disk)
		return 0;
	blk.size_bytes = kt_disk_bytes(disk);
	blk.read_only = disk->disk.read_only;
	blk.name = disk->disk.name;
	blk.limits = kt_disk_limits(disk);
	blk.n_queues = KT_MIN(config->topology->n_cpus, KT_BLK_MAX_QUEUES);
	r = kt_disk_open(disk, &machine->disk_fd, err);
	blk.fd = machine->disk_fd;
	if (!r)
		r = open_virtio_irq(machine, KT_MACHINE_IRQ_DISK, &blk.irq, err);
	if (!r)
		r = kt_blk_create(&blk, &machine->disk, err);
	if (r)
		return r;
	return add_virtio(machine, kt_blk_mmio(machine->disk), err);
}

static int add_network(struct kt_machine *machine,
		       const struct kt_machine_config *config,
		       struct ktstr_error *err)
{
	struct kt_net_config net = {
		.memory = &machine->view,
		.log = machine->log,
		.n_pairs = config->network_pairs,
		.threaded = true,
	};
	int r;

	if (!net.n_pairs)
		return 0;
	r = open_virtio_irq(machine, KT_MACHINE_IRQ_NETWORK, &net.irq, err);
	if (!r)
		r = kt_net_create(&net, &machine->network, err);
	if (r)
		return r;
	return add_virtio(machine, kt_net_mmio(machine->network), err);
}

int kt_machine_add_devices(struct kt_machine *machine,
			   const struct kt_machine_config *config,
			   struct ktstr_error *err)
{
	struct kt_serial_config com1 = { .line = config->kernel_log,
					 .userdata = config->userdata };
	struct kt_serial_config com2 = {};
	int r;

	machine->sleep = (struct kt_sleep){ .power_off = ended_by_power_off,
					    .userdata = &machine->host };

	r = add_serial(machine, KT_MACHINE_IRQ_COM1, KT_COM1_IRQ, KT_COM1_PORT,
		       &com1, &machine->com1, err);
	if (!r)
		r = add_serial(machine, KT_MACHINE_IRQ_COM2, KT_COM2_IRQ,
			       KT_COM2_PORT, &com2, &machine->com2, err);
	if (!r)
		r = add_i8042(machine, err);
	if (!r)
		r = claim(&machine->ports, KT_SLEEP_CONTROL_PORT,
			  KT_SLEEP_PORTS, &kt_sleep_ops, &machine->sleep, err);
	if (!r)
		r = add_ioapic(machine, err);
	if (!r)
		r = add_console(machine, config, err);
	if (!r)
		r = add_disk(machine, config, err);
	if (!r)
		r = add_network(machine, config, err);
	return r;
}

void kt_machine_remove_devices(struct kt_machine *machine)
{
	kt_net_destroy(machine->network);
	kt_blk_destroy(machine->disk);
	kt_close(machine->disk_fd);
	kt_console_destroy(machine->console);
	kt_ioapic_destroy(machine->ioapic);
	kt_i8042_destroy(machine->i8042);
	kt_serial_destroy(machine->com2);
	kt_serial_destroy(machine->com1);
	for (size_t i = 0; i < KT_MACHINE_IRQS; i++)
		kt_close(machine->irq_eventfds[i]);
}
