// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "cli/cli.h"
#include "cli/inspect_take.h"
#include "cli/table.h"

struct inspect_values {
	bool json;
};

static const struct kt_option inspect_options[] = {
	{
		.name = "json",
		.letter = 'j',
		.type = KT_OPTION_FLAG,
		.offset = offsetof(struct inspect_values, json),
		.help = "Print JSON.",
	},
	{ 0 },
};

KT_DEFINE_CLEANUP(json_t *, json_decref)

static int open_image(struct kt_inspected *seen, const char *path,
		      struct ktstr_error *err)
{
	int r = kt_image_open(&seen->image, path, err);

	if (r)
		return r;
	r = kt_kernel_types_init(&seen->types, seen->image.btf,
				 seen->image.btf_bytes, err);
	if (!r)
		r = kt_guest_kernel_init(&seen->kernel, &seen->image.memory,
					 &seen->image.symbols, &seen->types,
					 seen->image.n_cpus, err);
	return r ? kt_err_context(err, r, "%s", path) : 0;
}

static void close_image(struct kt_inspected *seen)
{
	kt_guest_kernel_deinit(&seen->kernel);
	kt_kernel_types_deinit(&seen->types);
	kt_image_close(&seen->image);
}

static const struct kt_inspect_subject *find_subject(const char *word)
{
	const struct kt_inspect_subject *subject = kt_inspect_subjects;

	while (subject->word && strcmp(subject->word, word) != 0)
		subject++;
	return subject;
}

static int inspect_run(struct kt_cli *cli, const void *values,
		       const struct kt_words *operands)
{
	_cleanup_(json_decref_cleanup) json_t *list = NULL;
	const struct kt_inspect_subject *subject = kt_inspect_subjects;
	const struct inspect_values *v = values;
	const char *name = operands->n > 2 ? operands->words[2] : NULL;
	struct kt_inspected seen = { 0 };
	struct ktstr_error err = { 0 };
	int r, status;

	if (operands->n > 1)
		subject = find_subject(operands->words[1]);
	if (!subject->word)
		return kt_cli_usage_error(
			cli, "ktstr inspect",
			"\"%s\" cannot be looked at; runqueues, domains, "
			"tasks, maps, map NAME, programs and symbols can",
			operands->words[1]);
	if (subject->takes_name && !name)
		return kt_cli_usage_error(cli, "ktstr inspect",
					  "%s wants the name of one",
					  subject->word);
	if (!subject->takes_name && name)
		return kt_cli_usage_error(cli, "ktstr inspect",
					  "%s takes no name, as \"%s\" is",
					  subject->word, name);
	r = open_image(&seen, operands->words[0], &err);
	if (!r) {
		list = subject->take(&seen, name, &err);
		r = list ? 0 : err.code ?: kt_err(&err, -ENOMEM, "no memory");
	}
	status = r ? kt_cli_fail(cli, &err) : kt_cli_print_list(cli, list, v->json);
	close_image(&seen);
	return status;
}

const struct kt_command kt_inspect_command = {
	.name = "inspect",
	.summary = "Look into the memory of a guest",
	.description =
		"Reads what a guest's kernel knows of its scheduler out of an "
		"image of its memory, which ktstr shell --save writes: its "
		"runqueues, one line a CPU; its scheduling domains, from each "
		"CPU's lowest one up; its tasks; its BPF maps and programs, "
		"and what is in a map, by the types that its maker gave it; or "
		"the symbols that are known of it. A map is named by the end "
		"of "
		"its name.",
	.example = "ktstr shell -t 1n2l2c1t --exec 'sleep 1' --save memory\n"
		   "ktstr inspect memory\n"
		   "ktstr inspect memory domains --json\n"
		   "ktstr inspect memory maps",
	.options = inspect_options,
	.operand = { .name = "FILE [runqueues|domains|tasks|maps|map "
			     "NAME|programs|"
			     "symbols]",
		     .min = 1,
		     .max = 3,
		     .complete = KT_COMPLETE_FILE,
		     .help = "The image, and what to show of it; without that, "
			     "runqueues." },
	.values_bytes = sizeof(struct inspect_values),
	.run = inspect_run,
};
