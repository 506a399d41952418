// SPDX-License-Identifier: GPL-2.0-only
#include "runner/sidecar.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "runner/output.h"
#include "runner/sidecar_monitor.h"

#define SIDECAR_VERSION 1
#define RUNS_DIRECTORY  "ktstr-runs"
#define DIRECTORY_TRIES 1000
#define CONSOLE_TAIL    (16u * 1024)

KT_DEFINE_CLEANUP(json_t *, json_decref)

/* UTF-8 as it is; in other text what is not ASCII shows as '?'. */
static json_t *text_of(const char *text)
{
	_cleanup_free_ char *copy = NULL;
	json_t *string = json_string(text);

	if (string)
		return string;
	copy = strdup(text);
	for (char *c = copy; c && *c; c++) {
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	}
	return copy ? json_string(copy) : NULL;
}

/* The same for bytes, of which any may be NUL. */
static json_t *bytes_of(const char *bytes, size_t length)
{
	json_t *string = json_stringn(bytes, length);
	char *copy;

	if (string)
		return string;
	copy = malloc(length);
	for (size_t i = 0; copy && i < length; i++)
		copy[i] = (unsigned char)bytes[i] < 0x80 ? bytes[i] : '?';
	string = copy ? json_stringn(copy, length) : NULL;
	free(copy);
	return string;
}

/* What there is none of is left out. */
static void set_text(json_t *object, const char *key, const char *text)
{
	if (text && *text)
		json_object_set_new(object, key, text_of(text));
}

/* JSON's integers are signed here; what is larger becomes a real. */
static json_t *number_of(uint64_t value)
{
	return value > INT64_MAX ? json_real((double)value) :
				   json_integer((json_int_t)value);
}

static json_t *make_test(const struct kt_test_run *run)
{
	const struct kt_test *test = run->test;
	json_t *object = json_pack("{s:s, s:i, s:I, s:I, s:b}", "name",
				   test->name, "line", (int)test->line,
				   "duration_s", (json_int_t)test->duration_s,
				   "timeout_s", (json_int_t)test->timeout_s,
				   "expect_err", test->expect_err);

	set_text(object, "binary", run->binary);
	set_text(object, "file", test->file);
	set_text(object, "profile", run->labels.profile);
	if (test->scheduler)
		set_text(object, "scheduler", test->scheduler->name);
	return object;
}

static json_t *make_topology(const struct kt_test_run *run)
{
	json_t *object =
		json_pack("{s:s, s:I, s:I, s:I, s:I}", "text", run->topology,
			  "numa_nodes", (json_int_t)run->numa_nodes, "llcs",
			  (json_int_t)run->llcs, "cpus", (json_int_t)run->n_cpus,
			  "memory_mib", (json_int_t)run->memory_mib);

	set_text(object, "preset", run->labels.preset);
	return object;
}

static json_t *make_notes(const struct kt_outcome *outcome)
{
	json_t *list = json_array();

	for (size_t i = 0; i < outcome->n_notes; i++)
		json_array_append_new(list, text_of(outcome->notes[i]));
	return list;
}

static json_t *make_metrics(const struct kt_outcome *outcome)
{
	json_t *list = json_array();

	for (size_t i = 0; i < outcome->n_metrics; i++) {
		const struct kt_metric *metric = &outcome->metrics[i];

		json_array_append_new(list,
				      json_pack("{s:o, s:f, s:o}", "name",
						text_of(metric->name), "value",
						metric->value, "unit",
						text_of(metric->unit)));
	}
	return list;
}

static json_t *make_timings(const struct kt_test_run *run)
{
	const struct ktstr_vm_result *machine = run->machine;
	json_t *object = json_object();
	struct tm tm;
	char text[32];

	if (gmtime_r(&run->started, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		set_text(object, "started", text);
	json_object_set_new(object, "wall_ns", number_of(run->wall_ns));
	if (run->outcome.has_duration)
		json_object_set_new(object, "test_ns",
				    number_of(run->outcome.duration_ns));
	if (!machine)
		return object;
	json_object_set_new(object, "machine_started_ns",
			    number_of(machine->started_ns));
	json_object_set_new(object, "machine_ns",
			    number_of(machine->duration_ns));
	json_object_set_new(object, "setup_ns",
			    number_of(machine->timings.setup_total_ns));
	json_object_set_new(object, "setup_cpu_ns",
			    number_of(machine->timings.setup_cpu_ns));
	if (machine->ready)
		json_object_set_new(object, "boot_ns",
				    number_of(machine->timings.boot_ns));
	return object;
}

static void set_output(json_t *object, const struct ktstr_vm_result *machine)
{
	struct kt_output output = kt_output_of(machine);

	if (output.first_bytes)
		json_object_set_new(object, "output",
				    bytes_of(output.first, output.first_bytes));
	if (output.last_bytes)
		json_object_set_new(object, "output_end",
				    bytes_of(output.last, output.last_bytes));
	if (output.lost_bytes)
		json_object_set_new(object, "output_lost_bytes",
				    number_of(output.lost_bytes));
}

/* The console is for finding out what was wrong. */
static json_t *make_guest(const struct kt_test_run *run)
{
	const struct ktstr_vm_result *machine = run->machine;
	json_t *object = json_pack("{s:b, s:b}", "ready", machine->ready,
				   "timed_out", machine->timed_out);
	const char *console = machine->console ?: "";
	size_t length = strlen(console);

	if (machine->exit_code >= 0)
		json_object_set_new(object, "exit_code",
				    json_integer(machine->exit_code));
	set_text(object, "crash", machine->crash);
	set_text(object, "wire_error", machine->wire_error);
	set_output(object, machine);
	set_text(object, "scheduler_log", machine->scheduler_log);
	if (length > CONSOLE_TAIL)
		console += length - CONSOLE_TAIL;
	if (run->outcome.broken || run->outcome.verdict != KTSTR_PASS)
		set_text(object, "console_tail", console);
	return object;
}

static json_t *make_kvm_stats(const struct ktstr_vm_result *machine)
{
	json_t *list = json_array();

	for (size_t i = 0; i < machine->n_kvm_stats; i++) {
		const struct ktstr_kvm_stat *stat = &machine->kvm_stats[i];
		json_t *entry = json_object();

		set_text(entry, "name", stat->name);
		if (stat->vcpu >= 0)
			json_object_set_new(entry, "vcpu",
					    json_integer(stat->vcpu));
		json_object_set_new(entry, "value", number_of(stat->value));
		json_array_append_new(list, entry);
	}
	return list;
}

static json_t *make_events(const struct ktstr_vm_result *machine)
{
	json_t *list = json_array();

	for (size_t i = 0; i < machine->n_events; i++) {
		const struct ktstr_vm_event *event = &machine->events[i];
		json_t *entry = json_object();

		json_object_set_new(entry, "kind", text_of(event->kind));
		json_object_set_new(entry, "step", text_of(event->step));
		json_object_set_new(entry, "detail", text_of(event->detail));
		json_object_set_new(entry, "guest_ns",
				    number_of(event->guest_ns));
		json_object_set_new(entry, "received_ns",
				    number_of(event->received_ns));
		if (event->placed) {
			json_object_set_new(entry, "host_ns",
					    number_of(event->host_ns));
			json_object_set_new(entry, "host_error_ns",
					    number_of(event->host_error_ns));
		}
		json_array_append_new(list, entry);
	}
	return list;
}

static json_t *make_vcpu_steal(const struct ktstr_vm_result *machine)
{
	json_t *list = json_array();

	for (size_t i = 0; i < machine->n_vcpu_steal; i++) {
		const struct ktstr_vcpu_steal *steal = &machine->vcpu_steal[i];
		json_t *entry = json_object();

		json_object_set_new(entry, "lived_ns",
				    number_of(steal->lived_ns));
		json_object_set_new(entry, "ran_ns", number_of(steal->ran_ns));
		json_object_set_new(entry, "stolen_ns",
				    number_of(steal->stolen_ns));
		if (steal->lived_ns)
			json_object_set_new(entry, "stolen_share",
					    json_real((double)steal->stolen_ns /
						      (double)steal->lived_ns));
		json_array_append_new(list, entry);
	}
	return list;
}

static json_t *make_steal(const struct ktstr_vm_result *machine)
{
	json_t *object = json_object();

	json_object_set_new(object, "samples",
			    number_of(machine->n_steal_samples));
	if (machine->n_steal_samples)
		json_object_set_new(object, "time_error_ns",
				    number_of(machine->steal_error_ns));
	if (machine->n_vcpu_steal)
		json_object_set_new(object, "vcpus", make_vcpu_steal(machine));
	return object;
}

struct counter {
	const char *name;
	uint64_t value;
};

static json_t *make_counters(const struct counter *counters, size_t n)
{
	json_t *object = json_object();

	for (size_t i = 0; i < n; i++)
		json_object_set_new(object, counters[i].name,
				    number_of(counters[i].value));
	return object;
}

static json_t *make_disk(const struct ktstr_disk_counters *disk)
{
	const struct counter counters[] = {
		{ "reads", disk->reads },
		{ "writes", disk->writes },
		{ "flushes", disk->flushes },
		{ "discards", disk->discards },
		{ "write_zeroes", disk->write_zeroes },
		{ "read_bytes", disk->read_bytes },
		{ "written_bytes", disk->written_bytes },
		{ "errors", disk->errors },
		{ "unsupported", disk->unsupported },
		{ "delayed", disk->delayed },
		{ "delayed_ns", disk->delayed_ns },
	};

	return make_counters(counters, KT_ARRAY_SIZE(counters));
}

static json_t *make_network(const struct ktstr_network_counters *network)
{
	const struct counter counters[] = {
		{ "sent", network->sent },
		{ "sent_bytes", network->sent_bytes },
		{ "received", network->received },
		{ "received_bytes", network->received_bytes },
		{ "dropped_no_buffer", network->dropped_no_buffer },
		{ "dropped_small_buffer", network->dropped_small_buffer },
		{ "dropped_too_short", network->dropped_too_short },
		{ "dropped_too_long", network->dropped_too_long },
		{ "dropped_header", network->dropped_header },
	};

	return make_counters(counters, KT_ARRAY_SIZE(counters));
}

static json_t *make_host(const struct kt_sidecar_host *host)
{
	json_t *object = json_pack("{s:b}", "nested", host->nested);
	struct utsname name;

	if (uname(&name) == 0)
		set_text(object, "kernel", name.release);
	return object;
}

static json_t *make_kernel(const struct kt_test_run *run,
			   const struct kt_sidecar_host *host)
{
	json_t *object = json_object();

	set_text(object, "name", run->labels.kernel);
	set_text(object, "image", host->kernel_image);
	set_text(object, "release", host->kernel_release);
	return object;
}

static json_t *make_document(const struct kt_test_run *run,
			     const struct kt_sidecar_host *host)
{
	const struct kt_outcome *outcome = &run->outcome;
	json_t *root = json_pack(
		"{s:i, s:o, s:o, s:s, s:o, s:o, s:{s:I, s:I}, s:o, s:o, s:o, "
		"s:{s:s}}",
		"ktstr_sidecar", SIDECAR_VERSION, "test", make_test(run),
		"topology", make_topology(run), "verdict",
		kt_outcome_name(outcome), "notes", make_notes(outcome),
		"metrics", make_metrics(outcome), "repeat", "nth",
		(json_int_t)run->nth, "of", (json_int_t)run->of, "timings",
		make_timings(run), "kernel", make_kernel(run, host), "host",
		make_host(host), "versions", "ktstr", KTSTR_VERSION);

	set_text(root, "reason", outcome->reason);
	if (outcome->left_processes)
		json_object_set_new(root, "left_processes",
				    number_of(outcome->left_processes));
	if (root && run->machine) {
		json_object_set_new(root, "guest", make_guest(run));
		json_object_set_new(root, "kvm_stats",
				    make_kvm_stats(run->machine));
		json_object_set_new(root, "steal", make_steal(run->machine));
		json_object_set_new(root, "events", make_events(run->machine));
		if (run->machine->monitor)
			json_object_set_new(
				root, "monitor",
				kt_sidecar_monitor(run->machine->monitor));
		if (run->machine->disk)
			json_object_set_new(root, "disk",
					    make_disk(run->machine->disk));
		if (run->machine->network)
			json_object_set_new(root, "network",
					    make_network(run->machine->network));
		if (run->machine->n_events_lost)
			json_object_set_new(
				root, "events_lost",
				number_of(run->machine->n_events_lost));
	}
	return root;
}

int kt_sidecar_text(const struct kt_test_run *run,
		    const struct kt_sidecar_host *host, struct kt_strbuf *ret)
{
	_cleanup_(json_decref_cleanup) json_t *root = make_document(run, host);
	_cleanup_free_ char *text =
		root ? json_dumps(root, JSON_INDENT(2)) : NULL;

	if (!text)
		return -ENOMEM;
	kt_strbuf_addf(ret, "%s\n", text);
	return kt_strbuf_failed(ret) ? -ENOMEM : 0;
}

int kt_sidecar_write(const struct kt_test_run *run,
		     const struct kt_sidecar_host *host, const char *directory,
		     const char *stem, struct ktstr_error *err)
{
	_cleanup_strbuf_ struct kt_strbuf path = {}, text = {};
	int r = kt_sidecar_text(run, host, &text);

	kt_strbuf_addf(&path, "%s/%s.ktstr.json", directory, stem);
	if (r == 0 && kt_strbuf_failed(&path))
		r = -ENOMEM;
	if (r == 0)
		r = kt_write_file_atomic(kt_strbuf_text(&path), text.data,
					 text.length, 0644);
	return r < 0 ? kt_err_errno(err, r, "cannot write %s",
				    kt_strbuf_text(&path)) :
		       0;
}

/* Processes of two machines may have the same number in the same second. */
static int make_new(const char *stem, struct kt_strbuf *path)
{
	for (int i = 1; i <= DIRECTORY_TRIES; i++) {
		kt_strbuf_reset(path);
		kt_strbuf_add(path, stem);
		if (i > 1)
			kt_strbuf_addf(path, "-%d", i);
		if (kt_strbuf_failed(path))
			return -ENOMEM;
		if (mkdir(kt_strbuf_text(path), 0755) == 0)
			return 0;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

static int make_by_time(char **ret, struct ktstr_error *err)
{
	_cleanup_strbuf_ struct kt_strbuf stem = {}, path = {};
	time_t now = time(NULL);
	struct tm tm = {};
	char text[32];
	int r = kt_mkdir_p(RUNS_DIRECTORY, 0755);

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &tm);
	kt_strbuf_addf(&stem, "%s/%s-%d", RUNS_DIRECTORY, text, getpid());
	if (r == 0)
		r = kt_strbuf_failed(&stem) ?
			    -ENOMEM :
			    make_new(kt_strbuf_text(&stem), &path);
	if (r < 0)
		return kt_err_errno(err, r,
				    "cannot make a directory for results below "
				    "%s; KTSTR_RUN_DIR names another",
				    RUNS_DIRECTORY);
	*ret = kt_strbuf_steal(&path);
	return *ret ? 0 : kt_err_errno(err, -ENOMEM, "no memory for a path");
}

int kt_sidecar_directory(const char *wanted, char **ret, struct ktstr_error *err)
{
	int r;

	if (!wanted)
		return make_by_time(ret, err);
	r = kt_mkdir_p(wanted, 0755);
	if (r < 0)
		return kt_err_errno(err, r,
				    "cannot make %s, the directory for results "
				    "(KTSTR_RUN_DIR)",
				    wanted);
	*ret = strdup(wanted);
	return *ret ? 0 : kt_err_errno(err, -ENOMEM, "no memory for a path");
}
