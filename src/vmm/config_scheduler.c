// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "vmm/config_copy.h"
#include "wire/guest_files.h"

static int check(const struct ktstr_vm_config *public, struct ktstr_error *err)
{
	bool has_lines =
		(public->sched_enable_cmds && public->sched_enable_cmds[0]) ||
		(public->sched_disable_cmds && public->sched_disable_cmds[0]);

	if (public->sched_args && public->sched_args[0] &&
	    !public->scheduler_binary)
		return kt_err(err, -EINVAL,
			      "sched_args need a scheduler_binary to be given "
			      "to");
	if (has_lines && !public->busybox)
		return kt_err(err, -EINVAL,
			      "sched_enable_cmds and sched_disable_cmds need a "
			      "shell in the guest: set busybox");
	if ((has_lines || public->scheduler_binary) && !public->exec_cmd &&
	    !public->run_args)
		return kt_err(
			err, -EINVAL,
			"a scheduler needs something to run under it: set "
			"exec_cmd or run_args");
	if (public->n_bpf_map_writes && !public->monitor)
		return kt_err(
			err, -EINVAL,
			"bpf_map_writes need the monitor, which finds the "
			"maps: set monitor");
	return 0;
}

/* Its name, its path in the guest, and its arguments. */
static int copy_program(struct kt_config *config,
			const struct ktstr_vm_config *public,
			struct ktstr_error *err)
{
	_cleanup_free_ const char **words = NULL;
	_cleanup_free_ char *path = NULL;
	const char *name;
	size_t n = 0;
	int r;

	if (!public->scheduler_binary)
		return 0;
	name = strrchr(public->scheduler_binary, '/');
	name = name ? name + 1 : public->scheduler_binary;
	while (public->sched_args && public->sched_args[n])
		n++;
	words = calloc(n + 3, sizeof(*words));
	if (!words || asprintf(&path, "%s/%s", KT_GUEST_SCHEDULER_DIR, name) < 0)
		return kt_err(err, -ENOMEM, "no memory for a scheduler");
	/* In the archive paths do not begin with the root. */
	r = kt_config_copy_binary(config, "scheduler binary", path + 1,
				  public->scheduler_binary, err);
	if (r)
		return r;
	words[0] = name;
	words[1] = path;
	if (n)
		memcpy(words + 2, public->sched_args, n * sizeof(*words));
	return kt_config_copy_strings(words, &config->scheduler, err);
}

static int copy_write(const struct ktstr_bpf_map_write *from,
		      struct kt_map_write *to, size_t nth,
		      struct ktstr_error *err)
{
	char *map = NULL, *variable = NULL;
	int r;

	if (!from->map || !*from->map)
		return kt_err(err, -EINVAL, "bpf_map_writes[%zu] names no map",
			      nth);
	if (from->variable && from->offset)
		return kt_err(
			err, -EINVAL,
			"bpf_map_writes[%zu] has both a variable, \"%s\", "
			"and an offset, %u; set one of them",
			nth, from->variable, from->offset);
	r = kt_config_copy_string(from->map, &map, err);
	to->map = map;
	if (!r)
		r = kt_config_copy_string(from->variable, &variable, err);
	to->variable = variable;
	to->offset = from->offset;
	to->value = from->value;
	return r;
}

static int copy_writes(struct kt_config *config,
		       const struct ktstr_vm_config *public,
		       struct ktstr_error *err)
{
	size_t n = public->n_bpf_map_writes;

	if (!n)
		return 0;
	config->map_writes = calloc(n, sizeof(*config->map_writes));
	if (!config->map_writes)
		return kt_err(err, -ENOMEM, "no memory for bpf_map_writes");
	for (size_t i = 0; i < n; i++) {
		int r = copy_write(&public->bpf_map_writes[i],
				   &config->map_writes[config->n_map_writes++],
				   i, err);

		if (r)
			return r;
	}
	return 0;
}

int kt_config_copy_scheduler(struct kt_config *config,
			     const struct ktstr_vm_config *public,
			     struct ktstr_error *err)
{
	int r = check(public, err);

	if (!r)
		r = copy_program(config, public, err);
	if (!r)
		r = kt_config_copy_strings(public->sched_enable_cmds,
					   &config->sched_enable_cmds, err);
	if (!r)
		r = kt_config_copy_strings(public->sched_disable_cmds,
					   &config->sched_disable_cmds, err);
	if (!r)
		r = copy_writes(config, public, err);
	/* Of what runs under a scheduler all shall be watched. */
	config->await_go = config->n_map_writes ||
			   (config->scheduler && public->monitor);
	return r;
}

void kt_config_free_scheduler(struct kt_config *config)
{
	kt_config_free_strings(config->scheduler);
	kt_config_free_strings(config->sched_enable_cmds);
	kt_config_free_strings(config->sched_disable_cmds);
	for (size_t i = 0; i < config->n_map_writes; i++) {
		free((char *)config->map_writes[i].map);
		free((char *)config->map_writes[i].variable);
	}
	free(config->map_writes);
}
