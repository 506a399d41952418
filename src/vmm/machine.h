/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The machine without a kernel: KVM, memory, devices, vCPUs. Whoever owns it
 * puts code into its memory, starts it, waits for `end_eventfd`, and stops it.
 *
 *	create -> (load) -> add_vcpus -> start -> (wait) -> stop -> destroy
 *
 * The owner's thread calls all of these. Nothing here is global: any number of
 * machines live in one process.
 */

#include <pthread.h>
#include <stdint.h>

#include <ktstr/log.h>

#include "base/error.h"
#include "device/i8042.h"
#include "device/serial.h"
#include "device/virtio/blk.h"
#include "device/virtio/console.h"
#include "device/virtio/net.h"
#include "disk/disk.h"
#include "topology/topology.h"
#include "vmm/bus.h"
#include "vmm/end.h"
#include "vmm/kvm_vm.h"
#include "vmm/memory.h"
#include "vmm/vcpu.h"
#include "vmm/x86_64/ioapic.h"
#include "vmm/x86_64/sleep.h"

enum kt_machine_irq {
	KT_MACHINE_IRQ_COM1,
	KT_MACHINE_IRQ_COM2,
	KT_MACHINE_IRQ_CONSOLE,
	KT_MACHINE_IRQ_DISK,
	KT_MACHINE_IRQ_NETWORK,
	KT_MACHINE_IRQS,
};

struct kt_machine {
	const struct kt_topology *topology; /* borrowed */
	const struct ktstr_log *log;        /* borrowed, nullable */
	struct kt_kvm kvm;
	struct kt_vm_memory memory;
	struct kt_guest_memory view; /* of `memory` */

	/* devices.c */
	struct kt_bus ports;
	struct kt_bus mmio;
	int irq_eventfds[KT_MACHINE_IRQS];
	struct kt_serial *com1;
	struct kt_serial *com2;
	struct kt_i8042 *i8042;
	struct kt_sleep sleep;
	uint32_t n_virtio; /* windows in use, from the first on */
	struct kt_console *console;
	int disk_fd;
	struct kt_blk *disk;    /* NULL: it has none */
	struct kt_net *network; /* likewise */
	struct kt_ioapic *ioapic; /* NULL unless the irqchip is split */

	struct kt_vcpu_host host;
	struct kt_vcpu *vcpus;
	uint32_t n_vcpus;
	int stats_fd; /* of the VM; -1: KVM has none */

	pthread_mutex_t end_lock;
	struct kt_end end;
	int end_eventfd; /* readable once the machine came to an end */
};

struct kt_machine_config {
	const struct kt_topology *topology; /* with its memory assigned */
	const struct ktstr_log *log;
	uint32_t host_cpus; /* on which all vCPUs will run */
	/* Each line of COM1, from a vCPU's thread; NULL: kept in the ring. */
	void (*kernel_log)(void *userdata, const char *line, size_t length);
	const struct kt_console_callbacks *console;
	void *userdata; /* for both */
	const struct kt_disk *disk; /* NULL: none */
	uint32_t network_pairs;     /* 0: no network */
};

int kt_machine_create(const struct kt_machine_config *config,
		      struct kt_machine **ret, struct ktstr_error *err);

/* All devices, in the order of their places; devices.c. */
int kt_machine_add_devices(struct kt_machine *machine,
			   const struct kt_machine_config *config,
			   struct ktstr_error *err);
void kt_machine_remove_devices(struct kt_machine *machine);

/*
 * Makes the vCPUs with the topology's CPUID. The first one starts at `entry`
 * in long mode with the state of kt_boot_registers(), the others wait for it.
 */
int kt_machine_add_vcpus(struct kt_machine *machine, uint64_t entry,
			 struct ktstr_error *err);

int kt_machine_start(struct kt_machine *machine, struct ktstr_error *err);

/* Kicks all vCPUs and waits for their threads. Fine more than once. */
void kt_machine_stop(struct kt_machine *machine);

/* What the machine came to; KT_END_NONE while it runs or when stopped. */
void kt_machine_get_end(struct kt_machine *machine, struct kt_end *ret);

/* NULL is fine; a running machine is stopped. */
void kt_machine_destroy(struct kt_machine *machine);
KT_DEFINE_CLEANUP(struct kt_machine *, kt_machine_destroy)
