// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/machines.h"
#include "cli/table.h"

struct ps_values {
	bool json;
};

static const struct kt_option ps_options[] = {
	{
		.name = "json",
		.letter = 'j',
		.type = KT_OPTION_FLAG,
		.offset = offsetof(struct ps_values, json),
		.help = "Print JSON.",
	},
	{ 0 },
};

/* The sockets' whole paths are for programs. */
static void shorten(json_t *list)
{
	json_t *machine;
	size_t i;

	json_array_foreach(list, i, machine)
	{
		const char *where =
			json_string_value(json_object_get(machine, "where"));

		if (where && *where == '/')
			json_object_set_new(machine, "where",
					    json_string("nested"));
	}
}

static int ps_run(struct kt_cli *cli, const void *values,
		  const struct kt_words *operands)
{
	const struct ps_values *v = values;
	struct ktstr_error err = { 0 };
	json_t *list = kt_machines_list(&err);
	int status = KT_EXIT_OK;

	(void)operands;
	if (!list)
		return kt_cli_fail(cli, &err);
	if (!v->json)
		shorten(list);
	if (v->json || json_array_size(list))
		status = kt_cli_print_list(cli, list, v->json);
	else
		kt_cli_error(cli, "no machine is running");
	json_decref(list);
	return status;
}

const struct kt_command kt_ps_command = {
	.name = "ps",
	.summary = "List the machines that are running",
	.description =
		"Lists the virtual machines that ktstr of this user is "
		"running, "
		"those in emulated machines included: the name that --name "
		"gave "
		"or that they took, the process, the guest's kernel and "
		"topology, and for how long. `ktstr inspect NAME` looks into "
		"one.",
	.example = "ktstr ps\nktstr ps --json",
	.options = ps_options,
	.values_bytes = sizeof(struct ps_values),
	.run = ps_run,
};
