// SPDX-License-Identifier: GPL-2.0-only
#include "cli/nested.h"

#include "nest/nest.h"

/* What an emulated machine around a VM needs for the files it reads. */
#define NEST_FILES_MIB 256u

const char *const kt_cli_accels[] = { "auto", "kvm", "nested", NULL };

int kt_cli_run_nested(const struct kt_cli *cli, uint32_t accel,
		      const char *shape, uint32_t memory_mib, int *ret_status,
		      struct ktstr_error *err)
{
	struct kt_nest_request request = {
		.accel = kt_cli_accels[accel],
		.shape = shape,
		.argv = cli->argv,
	};

	if (__builtin_add_overflow(memory_mib, NEST_FILES_MIB,
				   &request.memory_mib))
		request.memory_mib = UINT32_MAX;
	return kt_nest_dispatch(&request, cli->log, ret_status, err);
}
