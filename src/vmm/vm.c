// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "vmm/cmdline.h"
#include "vmm/memory.h"
#include "vmm/vm.h"
#include "vmm/x86_64/boot.h"

KT_DEFINE_CLEANUP(struct ktstr_vm *, ktstr_vm_destroy)

static int check_cmdline(const struct kt_config *config,
			 const struct kt_boot_kernel *plan,
			 struct ktstr_error *err)
{
	_cleanup_strbuf_ struct kt_strbuf line = {};

	/* As if there were no host CPUs, which makes it longest. */
	kt_cmdline_write(
		&(struct kt_cmdline_options){
			.dmesg = config->dmesg,
			.n_vcpus = config->topology->n_cpus,
			.extra = config->cmdline,
		},
		&line);
	if (kt_strbuf_failed(&line))
		return kt_err_errno(err, -ENOMEM, "no memory for a command line");
	return kt_boot_check_cmdline(plan, kt_strbuf_text(&line), err);
}

/* Memory whose size is still open will be large enough. */
static int check_room(const struct kt_config *config,
		      const struct kt_boot_kernel *plan, struct ktstr_error *err)
{
	const struct kt_topology *t = config->topology;
	_cleanup_free_ struct kt_memory_region *regions =
		calloc(t->n_nodes + 1, sizeof(*regions));
	_cleanup_free_ uint64_t *bytes = calloc(t->n_nodes, sizeof(*bytes));
	struct kt_guest_memory memory = { .regions = regions };

	if (!regions || !bytes)
		return kt_err_errno(err, -ENOMEM, "no memory for %u nodes",
				    t->n_nodes);
	for (uint32_t i = 0; i < t->n_nodes; i++)
		bytes[i] = t->nodes[i].memory_mib * KT_MIB;
	memory.n_regions = kt_memory_layout(bytes, t->n_nodes, regions);
	return memory.n_regions ? kt_boot_check_room(plan, &memory, err) : 0;
}

static int check_boot(const struct kt_config *config, struct ktstr_error *err)
{
	struct kt_boot_kernel plan;
	int r = kt_boot_plan(config->kernel, &plan, err);

	if (!r)
		r = check_cmdline(config, &plan, err);
	if (!r)
		r = check_room(config, &plan, err);
	return r;
}

int ktstr_vm_build(const struct ktstr_vm_config *config, struct ktstr_vm **ret,
		   struct ktstr_error *err)
{
	_cleanup_(ktstr_vm_destroy_cleanup) struct ktstr_vm *vm =
		calloc(1, sizeof(*vm));
	int r;

	if (!vm)
		return kt_err_errno(err, -ENOMEM, "no memory for a VM");
	vm->stop_eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	vm->resize_eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (vm->stop_eventfd < 0 || vm->resize_eventfd < 0)
		return kt_err_errno(err, -errno, "cannot make an eventfd");
	r = kt_config_init(&vm->config, config, err);
	if (!r)
		r = check_boot(&vm->config, err);
	/* Last: what is wrong with a VM is wrong on every host. */
	if (!r)
		r = kt_sharing_plan(&vm->sharing, &vm->config.sharing,
				    vm->config.topology, vm->config.memory_mib,
				    vm->config.log, err);
	if (r)
		return r;
	*ret = TAKE_PTR(vm);
	return 0;
}

void ktstr_vm_destroy(struct ktstr_vm *vm)
{
	if (!vm)
		return;
	kt_sharing_deinit(&vm->sharing);
	kt_config_deinit(&vm->config);
	kt_close(vm->resize_eventfd);
	kt_close(vm->stop_eventfd);
	free(vm);
}

/* Only write(2): this is called by signal handlers. */
void ktstr_vm_stop(struct ktstr_vm *vm)
{
	int saved = errno;

	(void)eventfd_write(vm->stop_eventfd, 1);
	errno = saved;
}

void ktstr_vm_resize_terminal(struct ktstr_vm *vm, uint16_t columns, uint16_t rows)
{
	int saved = errno;

	atomic_store(&vm->terminal, (unsigned int)columns << 16 | rows);
	(void)eventfd_write(vm->resize_eventfd, 1);
	errno = saved;
}
