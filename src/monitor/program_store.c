// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/bpf.h"
#include "monitor/program_store.h"

/* Where the one of that id is, or is to be. */
static size_t place_of(const struct kt_program_store *store, uint32_t id)
{
	size_t i = store->n;

	while (i > 0 && store->programs[i - 1].id >= id)
		i--;
	return i;
}

static int keep(void *userdata, const struct kt_bpf_program *seen)
{
	struct kt_program_store *store = userdata;
	size_t i = place_of(store, seen->id);
	struct ktstr_bpf_program *grown;

	if (i == store->n || store->programs[i].id != seen->id) {
		if (store->n == KT_PROGRAMS_MAX)
			return -ENOSPC;
		grown = reallocarray(store->programs, store->n + 1,
				     sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		store->programs = grown;
		memmove(grown + i + 1, grown + i,
			(store->n - i) * sizeof(*grown));
		store->n++;
	}
	store->programs[i] = (struct ktstr_bpf_program){
		.id = seen->id,
		.instructions = seen->n_instructions,
		.verified_instructions = seen->verified_instructions,
		.jited_bytes = seen->jited_bytes,
		.run_count = seen->run_count,
		.run_time_ns = seen->run_time_ns,
		.recursion_misses = seen->recursion_misses,
	};
	snprintf(store->programs[i].name, sizeof(store->programs[i].name), "%s",
		 seen->name);
	snprintf(store->programs[i].type, sizeof(store->programs[i].type), "%s",
		 kt_bpf_program_type_name(seen->type));
	return 0;
}

int kt_program_store_take(struct kt_program_store *store,
			  struct kt_guest_kernel *kernel)
{
	return kt_bpf_programs_walk(kernel, keep, store);
}

void kt_program_store_deinit(struct kt_program_store *store)
{
	free(store->programs);
	*store = (struct kt_program_store){ .n = 0 };
}
