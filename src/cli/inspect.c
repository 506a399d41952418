// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "cli/cli.h"
#include "cli/inspect_take.h"

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

static void add_cell(struct kt_strbuf *sb, const json_t *value)
{
	_cleanup_free_ char *text = NULL;

	if (json_is_string(value)) {
		kt_strbuf_add(sb, json_string_value(value));
		return;
	}
	text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	kt_strbuf_add(sb, text ?: "");
}

/* By key: how wide its column is. */
static json_t *widths_of(const json_t *list)
{
	json_t *widths = json_object(), *entry, *value;
	const char *key;
	size_t i;

	json_array_foreach(list, i, entry)
	{
		json_object_foreach(entry, key, value)
		{
			_cleanup_strbuf_ struct kt_strbuf cell = { 0 };
			json_int_t width, before;

			add_cell(&cell, value);
			width = (json_int_t)KT_MAX(cell.length, strlen(key));
			before = json_integer_value(json_object_get(widths, key));
			if (width > before)
				json_object_set_new(widths, key,
						    json_integer(width));
		}
	}
	return widths;
}

/* Numbers to the right, all else to the left. */
static void add_padded(struct kt_strbuf *sb, const json_t *width,
		       const json_t *value, const char *text)
{
	int columns = (int)json_integer_value(width);

	kt_strbuf_addf(sb, "%*s  ", json_is_integer(value) ? columns : -columns,
		       text);
}

/* Ends a line, without blanks before the end. */
static void end_line(struct kt_strbuf *sb)
{
	while (sb->length && sb->data[sb->length - 1] == ' ')
		sb->length--;
	kt_strbuf_add_char(sb, '\n');
}

static void print_table(struct kt_strbuf *sb, json_t *list)
{
	_cleanup_(json_decref_cleanup) json_t *widths = widths_of(list);
	json_t *first = json_array_get(list, 0), *entry, *value;
	const char *key;
	size_t i;

	json_object_foreach(first, key, value)
	{
		add_padded(sb, json_object_get(widths, key), value, key);
	}
	end_line(sb);
	json_array_foreach(list, i, entry)
	{
		json_object_foreach(entry, key, value)
		{
			_cleanup_strbuf_ struct kt_strbuf cell = { 0 };

			add_cell(&cell, value);
			add_padded(sb, json_object_get(widths, key), value,
				   kt_strbuf_text(&cell));
		}
		end_line(sb);
	}
}

static int print(struct kt_cli *cli, const struct inspect_values *v, json_t *list)
{
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };
	_cleanup_free_ char *text = NULL;

	if (!v->json) {
		print_table(&sb, list);
		return kt_cli_print(cli, &sb);
	}
	text = json_dumps(list, JSON_INDENT(2));
	kt_strbuf_add(&sb, text ?: "");
	kt_strbuf_add_char(&sb, '\n');
	return kt_cli_print(cli, &sb);
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
	status = r ? kt_cli_fail(cli, &err) : print(cli, values, list);
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
