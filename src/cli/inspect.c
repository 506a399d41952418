// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "monitor/domains.h"
#include "monitor/image.h"
#include "monitor/kernel.h"
#include "monitor/sample.h"
#include "monitor/tasks.h"

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

/* What is looked at, opened. */
struct inspected {
	struct kt_image image;
	struct kt_kernel_types types;
	struct kt_guest_kernel kernel;
};

static int open_image(struct inspected *seen, const char *path,
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

static void close_image(struct inspected *seen)
{
	kt_guest_kernel_deinit(&seen->kernel);
	kt_kernel_types_deinit(&seen->types);
	kt_image_close(&seen->image);
}

static json_t *take_runqueues(struct inspected *seen, struct ktstr_error *err)
{
	_cleanup_free_ struct ktstr_cpu_sample *cpus =
		calloc(seen->kernel.n_cpus, sizeof(*cpus));
	struct ktstr_monitor_sample sample = { .cpus = cpus };
	struct kt_sampler sampler;
	json_t *list;
	int r;

	if (!cpus || kt_sampler_init(&sampler, &seen->kernel, err) < 0)
		return NULL;
	r = kt_sampler_take(&sampler, &sample);
	kt_sampler_deinit(&sampler);
	if (r) {
		kt_err_errno(err, r, "cannot read the runqueues");
		return NULL;
	}
	list = json_array();
	for (uint32_t cpu = 0; cpu < seen->kernel.n_cpus; cpu++) {
		json_t *entry =
			json_pack("{s:I, s:I, s:I}", "cpu", (json_int_t)cpu,
				  "nr_running", (json_int_t)cpus[cpu].nr_running,
				  "clock_ns", (json_int_t)cpus[cpu].rq_clock_ns);

		if (sample.has & KTSTR_SAMPLE_SCX) {
			json_object_set_new(
				entry, "scx_nr_running",
				json_integer(cpus[cpu].scx_nr_running));
			json_object_set_new(
				entry, "local_dsq_depth",
				json_integer(cpus[cpu].local_dsq_depth));
			json_object_set_new(entry, "scx_flags",
					    json_integer(cpus[cpu].scx_flags));
		}
		if (sample.has & KTSTR_SAMPLE_SCHEDSTAT) {
			json_object_set_new(
				entry, "sched_count",
				json_integer((json_int_t)cpus[cpu]
						     .schedstat.sched_count));
			json_object_set_new(
				entry, "run_delay_ns",
				json_integer((json_int_t)cpus[cpu]
						     .schedstat.run_delay_ns));
		}
		json_array_append_new(list, entry);
	}
	return list;
}

static json_t *take_domains(struct inspected *seen, struct ktstr_error *err)
{
	json_t *list = json_array();

	for (uint32_t cpu = 0; cpu < seen->kernel.n_cpus; cpu++) {
		struct ktstr_sched_domain chain[KT_DOMAINS_MAX];
		uint32_t n;
		int r = kt_domains_take(&seen->kernel, cpu, chain, &n);

		if (r) {
			kt_err_errno(err, r, "cannot read CPU %u's domains", cpu);
			json_decref(list);
			return NULL;
		}
		for (uint32_t i = 0; i < n; i++)
			json_array_append_new(
				list,
				json_pack("{s:I, s:I, s:s, s:I, s:I, s:I, s:I}",
					  "cpu", (json_int_t)cpu, "level",
					  (json_int_t)chain[i].level, "name",
					  chain[i].name, "cpus",
					  (json_int_t)chain[i].span_weight,
					  "flags", (json_int_t)chain[i].flags,
					  "balance_interval_ms",
					  (json_int_t)chain[i].balance_interval,
					  "nr_balance_failed",
					  (json_int_t)chain[i].nr_balance_failed));
	}
	return list;
}

static const char *policy_name(uint32_t policy)
{
	static const char *const names[] = {
		[0] = "normal", [1] = "fifo",     [2] = "rr",  [3] = "batch",
		[5] = "idle",   [6] = "deadline", [7] = "ext",
	};

	return policy < KT_ARRAY_SIZE(names) && names[policy] ? names[policy] :
								"?";
}

static int add_task(void *userdata, const struct kt_task *task)
{
	return json_array_append_new(
		       userdata,
		       json_pack("{s:i, s:i, s:s#, s:I, s:s, s:i, s:s}", "pid",
				 task->pid, "tgid", task->tgid, "state",
				 &task->state, 1, "cpu", (json_int_t)task->cpu,
				 "policy", policy_name(task->policy), "prio",
				 task->prio, "comm", task->comm)) ?
		       -ENOMEM :
		       0;
}

static json_t *take_tasks(struct inspected *seen, struct ktstr_error *err)
{
	json_t *list = json_array();
	int r = kt_tasks_walk(&seen->kernel, add_task, list);

	if (!r)
		return list;
	kt_err_errno(err, r, "the list of tasks is torn behind the %zuth",
		     json_array_size(list));
	json_decref(list);
	return NULL;
}

static json_t *take_symbols(struct inspected *seen, struct ktstr_error *err)
{
	const char *const *names = kt_kernel_symbol_names();
	json_t *list = json_array();

	(void)err;
	for (size_t i = 0; i < KT_N_SYMBOLS; i++) {
		uint64_t address = seen->kernel.symbols.address[i];

		if (address)
			json_array_append_new(
				list,
				json_pack("{s:o, s:s}", "address",
					  json_sprintf("%016" PRIx64, address),
					  "name", names[i]));
	}
	return list;
}

static const char *const subjects[] = { "runqueues", "domains", "tasks",
					"symbols", NULL };

static json_t *(*const takers[])(struct inspected *seen,
				 struct ktstr_error *err) = {
	take_runqueues,
	take_domains,
	take_tasks,
	take_symbols,
};

static void add_cell(struct kt_strbuf *sb, const json_t *value)
{
	if (json_is_string(value))
		kt_strbuf_add(sb, json_string_value(value));
	else
		kt_strbuf_addf(sb, "%" JSON_INTEGER_FORMAT,
			       json_integer_value(value));
}

static size_t width_of(const json_t *list, const char *key)
{
	size_t width = strlen(key), i;
	json_t *entry;

	json_array_foreach(list, i, entry)
	{
		_cleanup_strbuf_ struct kt_strbuf cell = { 0 };

		add_cell(&cell, json_object_get(entry, key));
		width = cell.length > width ? cell.length : width;
	}
	return width;
}

/* As wide as its column's widest cell; numbers to the right. */
static void add_padded(struct kt_strbuf *sb, const json_t *list,
		       const char *key, const json_t *value, const char *text)
{
	int width = (int)width_of(list, key);

	kt_strbuf_addf(sb, "%*s", json_is_string(value) ? -width : width, text);
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
	json_t *first = json_array_get(list, 0), *entry, *value;
	const char *key;
	size_t i;

	json_object_foreach(first, key, value)
	{
		add_padded(sb, list, key, value, key);
		kt_strbuf_add(sb, "  ");
	}
	end_line(sb);
	json_array_foreach(list, i, entry)
	{
		json_object_foreach(entry, key, value)
		{
			_cleanup_strbuf_ struct kt_strbuf cell = { 0 };

			add_cell(&cell, value);
			add_padded(sb, list, key, value, kt_strbuf_text(&cell));
			kt_strbuf_add(sb, "  ");
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

static size_t find_subject(const char *word)
{
	size_t i = 0;

	while (subjects[i] && strcmp(subjects[i], word) != 0)
		i++;
	return i;
}

static int inspect_run(struct kt_cli *cli, const void *values,
		       const struct kt_words *operands)
{
	_cleanup_(json_decref_cleanup) json_t *list = NULL;
	struct inspected seen = { 0 };
	struct ktstr_error err = { 0 };
	size_t subject = 0;
	int r, status;

	if (operands->n > 1)
		subject = find_subject(operands->words[1]);
	if (!subjects[subject])
		return kt_cli_usage_error(
			cli, "ktstr inspect",
			"\"%s\" cannot be looked at; runqueues, domains, tasks "
			"and symbols can",
			operands->words[1]);
	r = open_image(&seen, operands->words[0], &err);
	if (!r) {
		list = takers[subject](&seen, &err);
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
		"CPU's lowest one up; its tasks; or the symbols that are known "
		"of it.",
	.example = "ktstr shell -t 1n2l2c1t --exec 'sleep 1' --save memory\n"
		   "ktstr inspect memory\n"
		   "ktstr inspect memory domains --json",
	.options = inspect_options,
	.operand = { .name = "FILE [runqueues|domains|tasks|symbols]",
		     .min = 1,
		     .max = 2,
		     .complete = KT_COMPLETE_FILE,
		     .help = "The image, and what to show of it; without that, "
			     "runqueues." },
	.values_bytes = sizeof(struct inspect_values),
	.run = inspect_run,
};
