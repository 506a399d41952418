// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "vmm/vm.h"

KT_DEFINE_CLEANUP(struct ktstr_vm *, ktstr_vm_destroy)

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
	if (r)
		return r;
	*ret = TAKE_PTR(vm);
	return 0;
}

void ktstr_vm_destroy(struct ktstr_vm *vm)
{
	if (!vm)
		return;
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
