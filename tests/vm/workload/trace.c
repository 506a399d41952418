// SPDX-License-Identifier: GPL-2.0-only
#include "trace.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "base/strbuf.h"

#define TRACE_ROOT     "/sys/kernel/tracing/"
#define TRACE_SIZE_KIB "2048"

static const char *const trace_events[] = {
	"sched/sched_waking",
	"signal/signal_deliver",
	"cgroup/cgroup_attach_task",
};

static int trace_write(const char *file, const char *text, struct ktstr_error *err)
{
	_cleanup_free_ char *path = kt_path_join(TRACE_ROOT, file);
	_cleanup_close_ int fd = -1;
	int r;

	fd = path ? open(path, O_WRONLY | O_TRUNC | O_CLOEXEC) : -1;
	r = fd < 0 ? -errno : kt_write_all(fd, text, strlen(text));
	return r < 0 ? kt_err_errno(err, r, "\"%s\" to %s", text, path) : 0;
}

/*
 * Once for all: to patch an event in or out, or to change its filter, stops all
 * CPUs and waits for them, which takes a second on a busy machine.
 */
int trace_prepare(struct ktstr_error *err)
{
	char path[128];
	int r = trace_write("tracing_on", "0", err);

	if (r == 0)
		r = trace_write("buffer_size_kb", TRACE_SIZE_KIB, err);
	for (size_t i = 0; r == 0 && i < KT_ARRAY_SIZE(trace_events); i++) {
		snprintf(path, sizeof(path), "events/%s/enable", trace_events[i]);
		r = trace_write(path, "1", err);
	}
	return r;
}

int trace_begin(struct ktstr_error *err)
{
	int r = trace_write("trace", "", err);

	return r == 0 ? trace_write("tracing_on", "1", err) : r;
}

static bool trace_is_worker(const struct seen *seen, int pid)
{
	for (uint32_t i = 0; i < seen->n; i++) {
		if (seen->workers[i].pid == pid)
			return true;
	}
	return false;
}

/* The task that it happened to. */
static int trace_target(const char *text)
{
	const char *pid = strstr(text, " pid=");

	return pid ? atoi(pid + strlen(" pid=")) : -1;
}

/* `COMM-PID   [CPU] FLAGS TIME: EVENT: ...`; the third flag is the context. */
static void trace_count_line(struct seen *seen, const char *line)
{
	const char *cpu = strstr(line, " ["), *flags, *pid;
	bool by_first;
	int by;

	if (!cpu || !(flags = strstr(cpu, "] ")) || strlen(flags) < 5)
		return;
	flags += 2;
	for (pid = cpu; pid > line && pid[-1] == ' '; pid--)
		;
	while (pid > line && pid[-1] >= '0' && pid[-1] <= '9')
		pid--;
	by = atoi(pid);
	by_first = by == seen->workers[0].pid;
	if (strstr(flags, " signal_deliver:")) {
		seen->signals += trace_is_worker(seen, by);
	} else if (!trace_is_worker(seen, trace_target(flags))) {
		return;
	} else if (strstr(flags, " cgroup_attach_task:")) {
		seen->attaches++;
	} else if (strstr(flags, " sched_waking:")) {
		bool irq = flags[2] == 'h' || flags[2] == 'H';
		bool softirq = flags[2] == 's';

		seen->wakes_in_irq += irq;
		seen->wakes_in_irq_there += irq && by_first;
		seen->wakes_in_irq_of_others +=
			irq && !by_first && trace_is_worker(seen, by);
		seen->wakes_in_softirq += softirq;
		seen->wakes_by_first += !irq && !softirq && by_first;
		seen->wakes_by_workers +=
			!irq && !softirq && trace_is_worker(seen, by);
	}
}

int trace_end(struct ktstr_error *err)
{
	return trace_write("tracing_on", "0", err);
}

int trace_count(struct seen *seen, struct ktstr_error *err)
{
	_cleanup_fclose_ FILE *trace = NULL;
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	trace = fopen(TRACE_ROOT "trace", "re");
	if (!trace)
		return kt_err_errno(err, -errno, TRACE_ROOT "trace");
	while (getline(&line, &size, trace) > 0) {
		if (line[0] != '#')
			trace_count_line(seen, line);
	}
	return 0;
}
