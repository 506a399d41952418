// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "vmm/run.h"

/*
 * A sample costs the host some microseconds; to send it costs the guest an
 * interrupt and a run of its init, of which the test itself is to feel little.
 * So samples are sent in bundles, but for the very first one, and at once when
 * an event came: then what lies around it is known soon.
 */
#define SAMPLE_NS  100000000ULL
#define SEND_NS    1000000000ULL
/* A guest that tells of events without end gets no more samples than this. */
#define SOONEST_NS 10000000ULL

uint64_t kt_run_measure_due(const struct kt_run *run)
{
	if (!run->session.measured || run->steal_refused)
		return UINT64_MAX;
	return run->sampled_ns +
	       (run->session.steal_wanted ? SOONEST_NS : SAMPLE_NS);
}

static int find_threads(struct kt_run *run)
{
	struct kt_machine *machine = run->machine;
	int r = kt_steal_init(&run->steal, machine->n_vcpus);

	if (r)
		return r;
	for (uint32_t i = 0; i < machine->n_vcpus; i++) {
		run->steal.tids[i] = atomic_load(&machine->vcpus[i].tid);
		if (!run->steal.tids[i]) {
			kt_steal_deinit(&run->steal);
			return -ESRCH;
		}
	}
	return 0;
}

/* The guest goes on without, as one whose time nobody vouches for. */
static void refuse(struct kt_run *run, int error)
{
	run->steal_refused = true;
	kt_warn(run->config->log,
		"cannot measure how long this host keeps the guest's CPUs "
		"waiting, so checks of time will not be conclusive: %s",
		error == -ENODATA ?
			"its kernel does not count (CONFIG_SCHED_INFO)" :
			strerror(-error));
	kt_steal_deinit(&run->steal);
}

void kt_run_measure(struct kt_run *run)
{
	uint64_t began_ns = kt_now_ns(), ended_ns;
	int r = 0;

	/* One that came late is not made up for. */
	run->sampled_ns = began_ns;
	if (!run->steal.n)
		r = find_threads(run);
	if (!r)
		r = kt_steal_read(&run->steal);
	/* A thread that has not begun, or has ended as its machine just did. */
	if (r == -ESRCH || r == -ENOENT)
		return;
	if (r) {
		refuse(run, r);
		return;
	}
	ended_ns = kt_now_ns();
	kt_session_add_steal(&run->session, began_ns, ended_ns,
			     run->steal.stolen_ns, run->steal.n);
	if ((run->session.steal_wanted ||
	     ended_ns - run->steal_sent_ns >= SEND_NS) &&
	    kt_session_send_steal(&run->session))
		run->steal_sent_ns = ended_ns;
}

static int start_monitor(struct kt_run *run, struct ktstr_error *err)
{
	struct kt_monitor_config config = {
		.memory = &run->machine->view,
		.n_cpus = run->machine->n_vcpus,
		.thresholds = &run->config->monitor_thresholds,
		.watchdog_timeout_ms = run->config->watchdog_timeout_ms,
		.map_writes = run->config->map_writes,
		.n_map_writes = run->config->n_map_writes,
	};
	const uint8_t *btf;
	int r = kt_kernel_btf(run->config->kernel, &btf, &config.btf_bytes, err);

	config.btf = btf;
	return r ? r : kt_monitor_start(&config, &run->monitor, err);
}

void kt_run_monitor_start(struct kt_run *run)
{
	struct ktstr_error err;

	if (run->config->monitor && start_monitor(run, &err) < 0)
		run->report = kt_monitor_unavailable(err.message);
}

/* The one word for which the guest waits before its workload. */
static void go(struct kt_run *run, const char *why_not)
{
	/* A monitor that cannot watch is told in its report. */
	kt_session_go(&run->session,
		      run->config->n_map_writes ? why_not : NULL);
	run->go_sent = true;
}

static void attend_writes(struct kt_run *run)
{
	const char *why_not = NULL;

	if (!run->config->await_go || !run->session.scheduler_attached ||
	    run->go_sent)
		return;
	if (!run->monitor) {
		go(run, run->report ? run->report->unavailable : "no monitor");
		return;
	}
	if (!run->writes_wanted)
		kt_monitor_write_maps(run->monitor);
	run->writes_wanted = true;
	if (kt_monitor_maps_written(run->monitor, &why_not))
		go(run, why_not);
}

int kt_run_monitor_eventfd(const struct kt_run *run)
{
	return run->monitor && run->writes_wanted && !run->go_sent ?
		       kt_monitor_eventfd(run->monitor) :
		       -1;
}

static void let_begin(struct kt_run *run)
{
	struct kt_machine *machine = run->machine;
	_cleanup_free_ pid_t *tids = NULL;

	if (!run->monitor || !run->session.has_symbols || run->monitor_began)
		return;
	tids = calloc(machine->n_vcpus, sizeof(*tids));
	if (!tids)
		return;
	for (uint32_t i = 0; i < machine->n_vcpus; i++)
		tids[i] = atomic_load(&machine->vcpus[i].tid);
	kt_monitor_begin(run->monitor, &run->session.symbols, tids);
	run->monitor_began = true;
}

void kt_run_monitor(struct kt_run *run)
{
	let_begin(run);
	attend_writes(run);
}

void kt_run_monitor_end(struct kt_run *run)
{
	if (run->monitor)
		kt_monitor_stop(run->monitor, &run->report);
	run->monitor = NULL;
}
