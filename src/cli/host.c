// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cpulist.h"
#include "cli/cli.h"
#include "host/capacity.h"
#include "host/lock.h"
#include "nest/nest.h"

struct host_values {
	bool json;
};

/* What is shown: the capacity, and what is to be said of it. */
struct seen {
	struct kt_capacity capacity;
	struct kt_advices advices;
	struct ktstr_error guest; /* kind NONE: one ran here */
};

static const struct kt_option host_options[] = {
	{
		.name = "json",
		.letter = 'j',
		.type = KT_OPTION_FLAG,
		.offset = offsetof(struct host_values, json),
		.help = "Print JSON.",
	},
	{ 0 },
};

KT_DEFINE_CLEANUP(json_t *, json_decref)

static void seen_deinit(struct seen *seen)
{
	kt_advices_deinit(&seen->advices);
	kt_capacity_deinit(&seen->capacity);
}

/* The commands are for the shell of whoever reads them. */
static const char *user_name(void)
{
	const char *name = getenv("USER");

	return name && *name ? name : "\"$USER\"";
}

static int look(struct seen *seen, struct ktstr_error *err)
{
	int r = kt_capacity_read(&seen->capacity, err);

	if (r < 0)
		return r;
	seen->guest = seen->capacity.kvm;
	if (seen->guest.kind == KTSTR_ERROR_NONE)
		(void)kt_kvm_probe(&seen->guest);
	if (kt_advise(&seen->capacity, user_name(), &seen->advices) < 0)
		return kt_err(err, -ENOMEM, "no memory for advice");
	return 0;
}

/* The first line, for one of several that a message may have. */
static int first_line(const char *text)
{
	return (int)strcspn(text, "\n");
}

static void list_cpus(struct kt_strbuf *sb, const struct kt_host_topology *host,
		      size_t first, size_t n, bool only_allowed)
{
	_cleanup_bitmap_ struct kt_bitmap set = { 0 };

	for (size_t i = first; i < first + n; i++) {
		if (host->cpus[i].allowed || !only_allowed)
			sb->failed |= kt_bitmap_set(&set, host->cpus[i].id) < 0;
	}
	kt_cpulist_print(sb, &set);
}

static void print_topology(struct kt_strbuf *sb,
			   const struct kt_host_topology *host)
{
	kt_strbuf_addf(sb, "CPUs       %zu online, %zu for this process: ",
		       host->n_cpus, host->n_allowed);
	list_cpus(sb, host, 0, host->n_cpus, true);
	kt_strbuf_add_char(sb, '\n');
	for (size_t i = 0; i < host->n_llcs; i++) {
		const struct kt_host_llc *llc = &host->llcs[i];

		kt_strbuf_addf(sb, "LLC %-6zu node %u: ", i,
			       host->nodes[llc->node].id);
		list_cpus(sb, host, llc->first_cpu, llc->n_cpus, false);
		kt_strbuf_add_char(sb, '\n');
	}
	for (size_t i = 0; i < host->n_nodes; i++)
		kt_strbuf_addf(sb, "node %-5u %" PRIu64 " MiB\n",
			       host->nodes[i].id, host->nodes[i].memory_mib);
}

static void print_kvm(struct kt_strbuf *sb, const struct seen *seen)
{
	if (seen->guest.kind == KTSTR_ERROR_NONE)
		kt_strbuf_add(sb, "KVM        runs guests\n");
	else
		kt_strbuf_addf(sb, "KVM        runs no guests: %.*s\n",
			       first_line(seen->guest.message),
			       seen->guest.message);
	if (seen->capacity.kvm.kind != KTSTR_ERROR_NONE)
		return;
	for (size_t i = 0; i < KT_KVM_CAP_COUNT; i++)
		kt_strbuf_addf(sb, "  %-22s %5d  %s\n",
			       kt_kvm_cap_name((enum kt_kvm_cap)i),
			       seen->capacity.caps.value[i],
			       kt_kvm_cap_purpose((enum kt_kvm_cap)i));
}

static void print_performance(struct kt_strbuf *sb, const struct kt_capacity *c)
{
	uint32_t llcs = kt_capacity_performance_llcs(c);

	if (llcs == 0)
		kt_strbuf_add(sb, "\nPerformance mode is not possible here.\n");
	else
		kt_strbuf_addf(
			sb,
			"\nPerformance mode is possible for guests of up "
			"to %u LLC%s.\n",
			llcs, llcs == 1 ? "" : "s");
}

static void print_advices(struct kt_strbuf *sb, const struct kt_advices *advices)
{
	for (size_t i = 0; i < advices->n; i++) {
		kt_strbuf_addf(sb, "\n%s\n", advices->list[i].text);
		if (advices->list[i].command)
			kt_strbuf_addf(sb, "    %s\n", advices->list[i].command);
	}
}

static void print_text(struct kt_strbuf *sb, const struct seen *seen)
{
	const struct kt_capacity *c = &seen->capacity;

	print_topology(sb, c->host);
	kt_strbuf_addf(sb, "hugepages  %" PRIu64 " of %u MiB, %" PRIu64 " free\n",
		       c->hugepages.total, KT_HUGEPAGE_MIB, c->hugepages.free);
	if (c->running_known)
		kt_strbuf_addf(sb, "running    %u task%s\n", c->running,
			       c->running == 1 ? "" : "s");
	kt_strbuf_addf(sb, "SCHED_FIFO %s\n", c->fifo ? "yes" : "no");
	if (c->locks.kind == KTSTR_ERROR_NONE)
		kt_strbuf_addf(sb, "locks      in %s\n", kt_lock_directory());
	else
		kt_strbuf_addf(sb, "locks      no: %.*s\n",
			       first_line(c->locks.message), c->locks.message);
	print_kvm(sb, seen);
	print_performance(sb, c);
	print_advices(sb, &seen->advices);
}

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *problem(const struct ktstr_error *err)
{
	return text_or_null(err->kind == KTSTR_ERROR_NONE ? NULL : err->message);
}

static json_t *json_of_llcs(const struct kt_host_topology *host)
{
	json_t *list = json_array();

	for (size_t i = 0; i < host->n_llcs; i++) {
		const struct kt_host_llc *llc = &host->llcs[i];
		_cleanup_strbuf_ struct kt_strbuf cpus = { 0 };

		list_cpus(&cpus, host, llc->first_cpu, llc->n_cpus, false);
		json_array_append_new(
			list,
			json_pack("{s:I, s:I, s:s, s:I}", "llc", (json_int_t)i,
				  "node", (json_int_t)host->nodes[llc->node].id,
				  "cpus", kt_strbuf_text(&cpus), "allowed",
				  (json_int_t)llc->n_allowed));
	}
	return list;
}

static json_t *json_of_nodes(const struct kt_host_topology *host)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < host->n_nodes; i++) {
		json_t *distances = json_array();

		for (uint32_t to = 0; to < host->n_nodes; to++)
			json_array_append_new(
				distances,
				json_integer(kt_host_distance(host, i, to)));
		json_array_append_new(
			list,
			json_pack("{s:I, s:I, s:o}", "node",
				  (json_int_t)host->nodes[i].id, "memory_mib",
				  (json_int_t)host->nodes[i].memory_mib,
				  "distances", distances));
	}
	return list;
}

static json_t *json_of_kvm(const struct seen *seen)
{
	json_t *caps = json_object();

	for (size_t i = 0; i < KT_KVM_CAP_COUNT; i++) {
		if (seen->capacity.kvm.kind == KTSTR_ERROR_NONE)
			json_object_set_new(
				caps, kt_kvm_cap_name((enum kt_kvm_cap)i),
				json_integer(seen->capacity.caps.value[i]));
	}
	return json_pack("{s:b, s:o, s:o}", "runs_guests",
			 seen->guest.kind == KTSTR_ERROR_NONE, "problem",
			 problem(&seen->guest), "capabilities", caps);
}

static json_t *json_of_advices(const struct kt_advices *advices)
{
	json_t *list = json_array();

	for (size_t i = 0; i < advices->n; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:o}", "text",
					advices->list[i].text, "command",
					text_or_null(advices->list[i].command)));
	return list;
}

static json_t *json_of(const struct seen *seen)
{
	const struct kt_capacity *c = &seen->capacity;
	const struct kt_host_topology *host = c->host;
	_cleanup_strbuf_ struct kt_strbuf allowed = { 0 };

	list_cpus(&allowed, host, 0, host->n_cpus, true);
	return json_pack(
		"{s:{s:I, s:I, s:s}, s:o, s:o, s:{s:I, s:I, s:I}, s:o, s:b, "
		"s:{s:s, s:o}, s:o, s:{s:b, s:I}, s:o}",
		"cpus", "online", (json_int_t)host->n_cpus, "allowed",
		(json_int_t)host->n_allowed, "allowed_list",
		kt_strbuf_text(&allowed), "llcs", json_of_llcs(host), "nodes",
		json_of_nodes(host), "hugepages", "size_mib",
		(json_int_t)KT_HUGEPAGE_MIB, "total",
		(json_int_t)c->hugepages.total, "free",
		(json_int_t)c->hugepages.free, "running_tasks",
		c->running_known ? json_integer(c->running) : json_null(),
		"sched_fifo", c->fifo, "locks", "directory",
		kt_lock_directory(), "problem", problem(&c->locks), "kvm",
		json_of_kvm(seen), "performance_mode", "possible",
		kt_capacity_performance_llcs(c) > 0, "max_llcs",
		(json_int_t)kt_capacity_performance_llcs(c), "advice",
		json_of_advices(&seen->advices));
}

static int print_json(const struct kt_cli *cli, const struct seen *seen)
{
	_cleanup_(json_decref_cleanup) json_t *json = json_of(seen);
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };
	_cleanup_free_ char *text = NULL;

	text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
	if (!text) {
		kt_cli_error(cli, "no memory to print what was seen");
		return KT_EXIT_FAILED;
	}
	kt_strbuf_addf(&sb, "%s\n", text);
	return kt_cli_print(cli, &sb);
}

static int host_run(struct kt_cli *cli, const void *values,
		    const struct kt_words *operands)
{
	const struct host_values *v = values;
	_cleanup_(seen_deinit) struct seen seen = { 0 };
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };
	struct ktstr_error err = { 0 };

	(void)operands;
	if (look(&seen, &err) < 0)
		return kt_cli_fail(cli, &err);
	if (v->json)
		return print_json(cli, &seen);
	print_text(&sb, &seen);
	return kt_cli_print(cli, &sb);
}

const struct kt_command kt_host_command = {
	.name = "host",
	.summary = "Show what this machine can give to guests",
	.description =
		"Shows this machine as guests get it: its CPUs, its last-level "
		"caches and the CPUs behind them, its NUMA nodes, hugepages, "
		"whether SCHED_FIFO and locks may be used, and what KVM can "
		"do, for which a tiny guest is run. Below stands what to "
		"change for guests to run at all and for performance mode, "
		"with commands; nothing is changed by this command itself.",
	.example = "ktstr host\n"
		   "ktstr host --json",
	.options = host_options,
	.values_bytes = sizeof(struct host_values),
	.run = host_run,
};
