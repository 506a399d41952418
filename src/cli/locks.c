// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <jansson.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "host/lock_holder.h"

struct locks_values {
	bool json;
};

static const struct kt_option locks_options[] = {
	{
		.name = "json",
		.letter = 'j',
		.type = KT_OPTION_FLAG,
		.offset = offsetof(struct locks_values, json),
		.help = "Print JSON.",
	},
	{ 0 },
};

KT_DEFINE_CLEANUP(json_t *, json_decref)

/* A command line need not be UTF-8, and JSON must be. */
static json_t *command_of(const struct kt_lock_holder *holder)
{
	json_t *command = json_string(holder->command);

	return command ? command : json_string("?");
}

/* NULL when out of memory. */
static json_t *list_of(const struct kt_lock_holders *holders)
{
	_cleanup_(json_decref_cleanup) json_t *list = json_array();

	for (size_t i = 0; list && i < holders->n; i++) {
		const struct kt_lock_holder *h = &holders->holders[i];
		json_t *one = json_pack(
			"{s:s, s:I, s:s, s:I, s:o}", "kind",
			kt_lock_kind_name(h->lock.kind), "number",
			(json_int_t)h->lock.number, "mode",
			h->lock.exclusive ? "exclusive" : "shared", "pid",
			(json_int_t)h->pid, "command", command_of(h));

		if (json_array_append_new(list, one) < 0)
			return NULL;
	}
	return TAKE_PTR(list);
}

static int locks_run(struct kt_cli *cli, const void *values,
		     const struct kt_words *operands)
{
	const struct locks_values *v = values;
	_cleanup_lock_holders_ struct kt_lock_holders holders = { 0 };
	_cleanup_(json_decref_cleanup) json_t *list = NULL;
	_cleanup_strbuf_ struct kt_strbuf none = { 0 };
	struct ktstr_error err = { 0 };

	(void)operands;
	if (kt_lock_holders_read(&holders, &err) < 0)
		return kt_cli_fail(cli, &err);
	list = list_of(&holders);
	if (!list) {
		kt_err(&err, -ENOMEM, "no memory for a list of locks");
		return kt_cli_fail(cli, &err);
	}
	if (holders.n > 0 || v->json)
		return kt_cli_print_list(cli, list, v->json);
	kt_strbuf_addf(&none, "no lock is held in %s\n", kt_lock_directory());
	return kt_cli_print(cli, &none);
}

const struct kt_command kt_locks_command = {
	.name = "locks",
	.summary = "Show which runs hold which CPUs",
	.description =
		"Lists the CPUs and last-level caches of this machine that "
		"runs of ktstr have reserved, one line a lock: who alone has a "
		"cache or a CPU (exclusive), and who shares a cache with "
		"others. Locks of processes in other containers are not seen. "
		"A run that ends, however it does, leaves no lock behind; "
		"files that stay in the directory mean nothing.",
	.example = "ktstr locks\n"
		   "KTSTR_LOCK_DIR=/run/ktstr ktstr locks --json",
	.options = locks_options,
	.values_bytes = sizeof(struct locks_values),
	.run = locks_run,
};
