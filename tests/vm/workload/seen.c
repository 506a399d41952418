// SPDX-License-Identifier: GPL-2.0-only
#include "seen.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cpulist.h"
#include "base/fd.h"
#include "trace.h"

#define SEEN_LOOK_US   20000
#define SEEN_FIRST_MS  20000
#define SEEN_STOP_MS   20000
#define SEEN_MAX_BYTES (1 << 20)
#define SEEN_VALUES    64

/* Values that were seen, each once. */
struct seen_set {
	uint64_t values[SEEN_VALUES];
	uint32_t n;
};

struct seen_look {
	struct kt_workers *workers;
	const pid_t *pids;
	bool traced;
	struct seen_set weights[SEEN_WORKERS];
	struct seen_set policies[SEEN_WORKERS];
	struct seen_set groups[SEEN_WORKERS];
};

static void seen_add(struct seen_set *set, uint64_t value)
{
	for (uint32_t i = 0; i < set->n; i++) {
		if (set->values[i] == value)
			return;
	}
	if (set->n < SEEN_VALUES)
		set->values[set->n++] = value;
}

/* A file of the process (pid 0: of the machine); "" when there is none. */
static char *seen_file(pid_t pid, const char *name)
{
	char path[64];
	char *text;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	else
		snprintf(path, sizeof(path), "/proc/%s", name);
	return kt_read_file(path, SEEN_MAX_BYTES, &text, NULL) == 0 ? text :
								      strdup("");
}

/* The number behind a name at the beginning of a line and its colon, if any. */
static double seen_number(const char *text, const char *name)
{
	size_t length = strlen(name);

	while (text && *text) {
		if (strncmp(text, name, length) == 0 &&
		    strchr(" \t:", text[length]))
			return strtod(text + length +
					      strspn(text + length, " \t:"),
				      NULL);
		text = strchr(text, '\n');
		text += text != NULL;
	}
	return 0;
}

static double seen_yields(void)
{
	_cleanup_free_ char *text = seen_file(0, "schedstat");
	double sum = 0;

	for (char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, "cpu", 3) == 0)
			sum += strtod(line + strcspn(line, " "), NULL);
	}
	return sum;
}

/* Of all CPUs. */
static double seen_net_receive(void)
{
	_cleanup_free_ char *text = seen_file(0, "softirqs");
	char *at = strstr(text, "NET_RX:"), *end;
	double sum = 0;

	if (!at)
		return 0;
	at += strlen("NET_RX:");
	for (;; at = end) {
		while (*at == ' ')
			at++;
		if (*at < '0' || *at > '9')
			return sum;
		sum += strtod(at, &end);
	}
}

/* minflt is the tenth; the name of the process may have blanks in it. */
static double seen_minor_faults(pid_t pid)
{
	_cleanup_free_ char *text = seen_file(pid, "stat");
	char *at = strrchr(text, ')');

	for (int field = 2; at && field < 10; field++) {
		at = strchr(at, ' ');
		at += at != NULL;
	}
	return at ? strtod(at, NULL) : 0;
}

static void seen_read_worker(pid_t pid, struct seen_worker *ret)
{
	_cleanup_free_ char *sched = seen_file(pid, "sched");
	_cleanup_free_ char *status = seen_file(pid, "status");
	_cleanup_free_ char *io = seen_file(pid, "io");
	uint64_t cpu_ns = 0, delay_ns = 0;

	ret->exec_ms = seen_number(sched, "se.sum_exec_runtime");
	ret->sleep_ms = seen_number(sched, "sum_sleep_runtime");
	ret->migrations = seen_number(sched, "se.nr_migrations");
	ret->wakeups = seen_number(sched, "nr_wakeups");
	ret->wakeups_sync = seen_number(sched, "nr_wakeups_sync");
	ret->wakeups_remote = seen_number(sched, "nr_wakeups_remote");
	ret->voluntary = seen_number(status, "voluntary_ctxt_switches");
	ret->involuntary = seen_number(status, "nonvoluntary_ctxt_switches");
	ret->written_bytes = seen_number(io, "wchar");
	ret->minor_faults = seen_minor_faults(pid);
	if (kt_schedstat_read(pid, &cpu_ns, &delay_ns))
		ret->run_delay_ms = (double)delay_ns / 1e6;
}

static void seen_read(const struct seen_look *look, struct seen *ret)
{
	_cleanup_free_ char *stat = seen_file(0, "stat");
	_cleanup_free_ char *vmstat = seen_file(0, "vmstat");

	ret->wall_ms = (double)kt_now_ns() / 1e6;
	ret->yields = seen_yields();
	ret->forks = seen_number(stat, "processes");
	ret->hint_faults = seen_number(vmstat, "numa_hint_faults");
	ret->net_receive = seen_net_receive();
	for (uint32_t i = 0; i < ret->n; i++) {
		ret->workers[i].pid = look->pids[i];
		seen_read_worker(look->pids[i], &ret->workers[i]);
	}
}

/* What cannot be counted from the end: states that come and go. */
static void seen_peek(struct seen_look *look, struct seen *seen)
{
	for (uint32_t i = 0; i < seen->n; i++) {
		struct seen_worker *worker = &seen->workers[i];
		_cleanup_free_ char *sched = seen_file(look->pids[i], "sched");
		_cleanup_free_ char *group = seen_file(look->pids[i], "cgroup");
		size_t length = strcspn(group, "\n");
		double prio = seen_number(sched, "prio");

		worker->policy = (int)seen_number(sched, "policy");
		worker->n_boosted += prio > 0 && prio < 100;
		seen_add(&look->policies[i], (uint64_t)worker->policy);
		seen_add(&look->weights[i],
			 (uint64_t)seen_number(sched, "se.load.weight"));
		if (length)
			seen_add(&look->groups[i], (uint64_t)group[length - 1]);
		worker->n_policies = look->policies[i].n;
		worker->n_weights = look->weights[i].n;
		worker->n_groups = look->groups[i].n;
	}
}

/* Makes the kernel forget which of the worker's memory was touched. */
static void seen_forget_touched(pid_t pid)
{
	char path[64];
	_cleanup_close_ int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", (int)pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)kt_write_all(fd, "1", 1);
}

static void seen_read_end(const struct seen_look *look, struct seen *seen)
{
	for (uint32_t i = 0; i < seen->n; i++) {
		struct seen_worker *worker = &seen->workers[i];
		_cleanup_free_ char *smaps =
			seen_file(look->pids[i], "smaps_rollup");

		worker->referenced_kib = seen_number(smaps, "Referenced");
		sched_getaffinity(look->pids[i], sizeof(worker->allowed),
				  &worker->allowed);
	}
}

#define SEEN_LESS(a, b, member) ((a)->member -= (b)->member)

static void seen_subtract(struct seen *now, const struct seen *before)
{
	SEEN_LESS(now, before, wall_ms);
	SEEN_LESS(now, before, yields);
	SEEN_LESS(now, before, forks);
	SEEN_LESS(now, before, net_receive);
	SEEN_LESS(now, before, hint_faults);
	for (uint32_t i = 0; i < now->n; i++) {
		struct seen_worker *a = &now->workers[i];
		const struct seen_worker *b = &before->workers[i];

		SEEN_LESS(a, b, exec_ms);
		SEEN_LESS(a, b, sleep_ms);
		SEEN_LESS(a, b, migrations);
		SEEN_LESS(a, b, wakeups);
		SEEN_LESS(a, b, wakeups_sync);
		SEEN_LESS(a, b, wakeups_remote);
		SEEN_LESS(a, b, run_delay_ms);
		SEEN_LESS(a, b, voluntary);
		SEEN_LESS(a, b, involuntary);
		SEEN_LESS(a, b, minor_faults);
		SEEN_LESS(a, b, written_bytes);
	}
}

/* Until each has given its first sign of work. */
static int seen_await_first(const struct seen_look *look,
			    const struct seen *seen, struct ktstr_error *err)
{
	uint64_t deadline = kt_now_ns() + SEEN_FIRST_MS * 1000000ULL;

	for (uint32_t i = 0; i < seen->n; i++) {
		while (!kt_workers_units(look->workers, i)) {
			if (kt_now_ns() > deadline)
				return kt_err(err, -ETIMEDOUT,
					      "worker %u did nothing in %d ms",
					      i, SEEN_FIRST_MS);
			usleep(SEEN_LOOK_US);
		}
	}
	return 0;
}

/* Begins, or ends, the time over which the trace and the units are counted. */
static int seen_switch(const struct seen_look *look, bool on, struct seen *seen,
		       struct ktstr_error *err)
{
	int r = look->traced && on ? trace_begin(err) : 0;

	for (uint32_t i = 0; i < seen->n; i++)
		seen->workers[i].units = kt_workers_units(look->workers, i) -
					 seen->workers[i].units;
	return look->traced && !on ? trace_end(err) : r;
}

static int seen_look_at(struct seen_look *look, uint32_t run_ms,
			struct seen *seen, struct ktstr_error *err)
{
	struct seen before;
	uint64_t end_ns;
	int r = seen_await_first(look, seen, err);

	if (r < 0)
		return r;
	seen_read(look, seen);
	before = *seen;
	for (uint32_t i = 0; i < seen->n; i++)
		seen_forget_touched(look->pids[i]);
	r = seen_switch(look, true, seen, err);
	if (r < 0)
		return r;
	end_ns = kt_now_ns() + run_ms * 1000000ULL;
	do {
		seen_peek(look, seen);
		usleep(SEEN_LOOK_US);
	} while (kt_now_ns() < end_ns);
	r = seen_switch(look, false, seen, err);
	if (r < 0)
		return r;
	seen_read(look, seen);
	seen_subtract(seen, &before);
	seen_read_end(look, seen);
	return look->traced ? trace_count(seen, err) : 0;
}

int seen_prepare(struct ktstr_error *err)
{
	return trace_prepare(err);
}

int seen_run(const struct ktstr_workers *spec, uint32_t run_ms, bool traced,
	     struct seen *ret, struct ktstr_error *err)
{
	_cleanup_gate_ struct kt_gate *gate = kt_gate_new();
	_cleanup_workers_ struct kt_workers *workers = NULL;
	const struct ktstr_worker_report *reports;
	struct seen_look look = { .traced = traced };
	size_t n;
	int r;

	if (!gate)
		return kt_err_errno(err, -ENOMEM, "a gate");
	r = kt_workers_start(spec, gate, &workers, err);
	if (r < 0)
		return r;
	look.workers = workers;
	look.pids = kt_workers_pids(workers, &n);
	if (n > SEEN_WORKERS)
		return kt_err(err, -EINVAL, "%zu workers; at most %d", n,
			      SEEN_WORKERS);
	*ret = (struct seen){ .n = (uint32_t)n };
	r = kt_workers_release(gate, &workers, 1, err);
	if (r == 0)
		r = seen_look_at(&look, run_ms, ret, err);
	if (r < 0)
		return r;
	kt_workers_stop(workers, SEEN_STOP_MS, &reports, &n);
	for (size_t i = 0; i < n; i++) {
		if (!reports[i].finished)
			return kt_err(err, -ETIMEDOUT,
				      "worker %zu did not end within %d ms", i,
				      SEEN_STOP_MS);
	}
	return 0;
}
