// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/macro.h"
#include "control/directory.h"
#include "control/server.h"
#include "monitor/image.h"
#include "vmm/run.h"

#define NAMES_MAX 1000

static json_t *describe_regions(const struct kt_guest_memory *memory)
{
	json_t *regions = json_array();

	for (size_t i = 0; regions && i < memory->n_regions; i++)
		json_array_append_new(
			regions,
			json_pack("[I, I]", (json_int_t)memory->regions[i].gpa,
				  (json_int_t)memory->regions[i].size_bytes));
	return regions;
}

/* Text that is to be freed; NULL: no memory. */
static char *describe(const struct kt_run *run, const char *name)
{
	const struct kt_config *config = run->config;
	struct kt_image image = {
		.symbols = run->session.symbols,
		.n_cpus = run->machine->n_vcpus,
	};
	json_t *description;
	char *text = NULL;

	snprintf(image.release, sizeof(image.release), "%s",
		 config->kernel->release);
	description = kt_image_describe(&image);
	if (description &&
	    json_object_update_new(
		    description,
		    json_pack("{s:s, s:i, s:s, s:s, s:I, s:I, s:s*, s:o}",
			      "name", name, "pid", (int)getpid(), "state",
			      run->session.has_symbols ? "running" : "booting",
			      "topology", config->topology_text, "memory_mib",
			      (json_int_t)kt_topology_memory_mib(config->topology),
			      "started", (json_int_t)run->control_started, "scheduler",
			      config->scheduler ? config->scheduler[0] : NULL,
			      "regions",
			      describe_regions(&run->machine->view))) == 0)
		text = json_dumps(description, JSON_COMPACT);
	json_decref(description);
	return text;
}

static int start_as(struct kt_run *run, const char *name, struct ktstr_error *err)
{
	struct kt_control_config config = {
		.name = name,
		.memory = &run->machine->view,
	};
	_cleanup_free_ char *description = describe(run, name);
	const uint8_t *btf;

	if (!description)
		return kt_err(err, -ENOMEM, "no memory to describe the VM");
	/* A kernel without types can be listed, and read where none matter. */
	if (kt_kernel_btf(run->config->kernel, &btf, &config.btf_bytes, NULL) == 0)
		config.btf = btf;
	return kt_control_start(&config, description, &run->control, err);
}

int kt_run_control_start(struct kt_run *run, struct ktstr_error *err)
{
	const struct kt_config *config = run->config;
	int r;

	if (!config->name)
		return 0;
	run->control_started = time(NULL);
	run->control_name = strdup(config->name);
	r = run->control_name ? start_as(run, run->control_name, err) : -ENOMEM;
	for (unsigned int n = 2;
	     r == -EEXIST && config->name_is_stem && n < NAMES_MAX; n++) {
		free(run->control_name);
		if (asprintf(&run->control_name, "%.*s-%u",
			     KT_CONTROL_NAME_MAX - 4, config->name, n) < 0)
			run->control_name = NULL;
		r = run->control_name ? start_as(run, run->control_name, err) :
					-ENOMEM;
	}
	if (!r || !config->name_is_stem)
		return r;
	/* Nobody asked for it by name, so nobody needs it. */
	kt_warn(config->log, "`ktstr ps` will not know this machine: %s",
		err ? err->message : strerror(-r));
	return 0;
}

void kt_run_control(struct kt_run *run)
{
	_cleanup_free_ char *description = NULL;

	if (!run->control || run->control_ready || !run->session.has_symbols)
		return;
	run->control_ready = true;
	description = describe(run, run->control_name);
	if (description)
		(void)kt_control_redescribe(run->control, description);
}

void kt_run_control_end(struct kt_run *run)
{
	kt_control_stop(run->control);
	run->control = NULL;
	free(run->control_name);
	run->control_name = NULL;
}
