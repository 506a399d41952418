// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "vmm/machine.h"
#include "vmm/x86_64/apic_id.h"
#include "vmm/x86_64/boot.h"
#include "vmm/x86_64/vcpu_state.h"

/* KVM_CAP_HALT_POLL's ceiling; none at all when vCPUs compete for CPUs. */
#define HALT_POLL_US 200

/* The first end is the cause, later ones are what it led to. */
static void machine_end(void *userdata, const struct kt_end *end)
{
	struct kt_machine *machine = userdata;

	pthread_mutex_lock(&machine->end_lock);
	if (machine->end.kind == KT_END_NONE)
		machine->end = *end;
	pthread_mutex_unlock(&machine->end_lock);
	(void)eventfd_write(machine->end_eventfd, 1);
}

static void machine_eoi(void *userdata, uint8_t vector)
{
	struct kt_machine *machine = userdata;

	if (machine->ioapic)
		kt_ioapic_eoi(machine->ioapic, vector);
}

static int init_kvm(struct kt_machine *machine,
		    const struct kt_machine_config *config,
		    struct ktstr_error *err)
{
	const struct kt_topology *t = config->topology;
	uint32_t highest = kt_apic_id_max(t);
	struct kt_kvm_options options = {
		.n_vcpus = t->n_cpus,
		.highest_apic_id = highest,
		.irqchip = highest >= KT_APIC_ID_X2APIC ? KT_IRQCHIP_SPLIT :
							  KT_IRQCHIP_KERNEL,
		.limit_halt_poll = true,
		.halt_poll_us = t->n_cpus > config->host_cpus ? 0 : HALT_POLL_US,
	};

	return kt_kvm_init(&machine->kvm, &options, err);
}

static int init_memory(struct kt_machine *machine, struct ktstr_error *err)
{
	const struct kt_topology *t = machine->topology;
	_cleanup_free_ uint64_t *bytes = calloc(t->n_nodes, sizeof(*bytes));
	int r;

	if (!bytes)
		return kt_err_errno(err, -ENOMEM, "no memory for %u nodes",
				    t->n_nodes);
	for (uint32_t i = 0; i < t->n_nodes; i++)
		bytes[i] = t->nodes[i].memory_mib * KT_MIB;
	r = kt_vm_memory_init(&machine->memory, bytes, t->n_nodes, err);
	if (r)
		return r;
	machine->view = kt_vm_memory_view(&machine->memory);
	return kt_kvm_set_memory(&machine->kvm, &machine->view, err);
}

int kt_machine_create(const struct kt_machine_config *config,
		      struct kt_machine **ret, struct ktstr_error *err)
{
	_cleanup_(kt_machine_destroy_cleanup) struct kt_machine *machine =
		calloc(1, sizeof(*machine));
	int r;

	if (!machine)
		return kt_err_errno(err, -ENOMEM, "no memory for a machine");
	machine->topology = config->topology;
	machine->log = config->log;
	machine->kvm = (struct kt_kvm)KT_KVM_INIT;
	machine->stats_fd = -1;
	machine->disk_fd = -1;
	for (size_t i = 0; i < KT_MACHINE_IRQS; i++)
		machine->irq_eventfds[i] = -1;
	pthread_mutex_init(&machine->end_lock, NULL);
	machine->end_eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (machine->end_eventfd < 0)
		return kt_err_errno(err, -errno, "cannot make an eventfd");
	machine->host = (struct kt_vcpu_host){
		.ports = &machine->ports,
		.mmio = &machine->mmio,
		.end = machine_end,
		.eoi = machine_eoi,
		.userdata = machine,
	};
	r = init_kvm(machine, config, err);
	if (!r)
		r = init_memory(machine, err);
	if (!r)
		r = kt_machine_add_devices(machine, config, err);
	if (r)
		return r;
	*ret = TAKE_PTR(machine);
	return 0;
}

int kt_machine_add_vcpus(struct kt_machine *machine, uint64_t entry,
			 struct ktstr_error *err)
{
	const struct kt_topology *t = machine->topology;
	_cleanup_(kt_cpuid_source_free_cleanup) struct kt_cpuid_source *cpuid =
		NULL;
	int r;

	r = kt_cpuid_source_read(&machine->kvm, &cpuid, err);
	if (r)
		return r;
	machine->vcpus = calloc(t->n_cpus, sizeof(*machine->vcpus));
	if (!machine->vcpus)
		return kt_err_errno(err, -ENOMEM, "no memory for %u vCPUs",
				    t->n_cpus);
	for (uint32_t i = 0; i < t->n_cpus; i++) {
		struct kt_vcpu *vcpu = &machine->vcpus[i];

		r = kt_vcpu_init(vcpu, &machine->kvm, i, kt_apic_id(t, i),
				 &machine->host, err);
		if (r)
			return r;
		machine->n_vcpus++;
		r = kt_vcpu_set_cpuid(vcpu, t, cpuid, err);
		if (!r)
			r = kt_vcpu_set_msrs(vcpu, err);
		if (!r && kt_apic_id_max(t) >= KT_APIC_ID_X2APIC)
			r = kt_vcpu_enable_x2apic(vcpu, err);
		if (!r && i == 0)
			r = kt_vcpu_set_entry(vcpu, entry, err);
		if (r)
			return r;
	}
	if (kt_kvm_has(&machine->kvm.caps, KT_KVM_BINARY_STATS_FD))
		machine->stats_fd =
			ioctl(machine->kvm.vm_fd, KVM_GET_STATS_FD, 0);
	return 0;
}

int kt_machine_start(struct kt_machine *machine, struct ktstr_error *err)
{
	for (uint32_t i = 0; i < machine->n_vcpus; i++) {
		int r = kt_vcpu_start(&machine->vcpus[i], err);

		if (r) {
			kt_machine_stop(machine);
			return r;
		}
	}
	return 0;
}

void kt_machine_stop(struct kt_machine *machine)
{
	for (uint32_t i = 0; i < machine->n_vcpus; i++)
		kt_vcpu_kick(&machine->vcpus[i]);
	for (uint32_t i = 0; i < machine->n_vcpus; i++)
		kt_vcpu_join(&machine->vcpus[i]);
}

void kt_machine_get_end(struct kt_machine *machine, struct kt_end *ret)
{
	pthread_mutex_lock(&machine->end_lock);
	*ret = machine->end;
	pthread_mutex_unlock(&machine->end_lock);
}

void kt_machine_destroy(struct kt_machine *machine)
{
	if (!machine)
		return;
	kt_machine_stop(machine);
	for (uint32_t i = 0; i < machine->n_vcpus; i++)
		kt_vcpu_deinit(&machine->vcpus[i]);
	free(machine->vcpus);
	kt_close(machine->stats_fd);
	/* The VM first: its irqfds and memory slots refer to what follows. */
	kt_kvm_deinit(&machine->kvm);
	kt_machine_remove_devices(machine);
	kt_vm_memory_deinit(&machine->memory);
	kt_close(machine->end_eventfd);
	pthread_mutex_destroy(&machine->end_lock);
	free(machine);
}
