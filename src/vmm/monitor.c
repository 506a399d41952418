// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "base/mutex.h"
#include "monitor/domain_store.h"
#include "monitor/program_store.h"
#include "monitor/rules.h"
#include "monitor/sample.h"
#include "monitor/sample_store.h"
#include "monitor/summary.h"
#include "monitor/watchdog.h"
#include "vmm/steal.h"
#include "vmm/monitor.h"

#define SAMPLE_NS   100000000ULL
#define NS_PER_S    1000000000ULL
#define STORE_BYTES (16 * KT_MIB)

/* Domains are large, and change slowly. */
#define SAMPLES_A_SNAPSHOT 10

/* Writes are tried every so often, for so long. */
#define SAMPLES_A_WRITE 2
#define WRITE_NS        (30 * NS_PER_S)

struct kt_monitor {
	struct kt_monitor_config config;
	struct ktstr_monitor_thresholds thresholds;

	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop; /* under the lock, as is the next */
	bool begin;
	bool write;   /* the maps; likewise, to `why` */
	bool written; /* or given up, as `why` says */
	struct ktstr_error why;
	int eventfd;
	struct kt_kernel_symbols symbols; /* the thread's from `begin` on */
	struct kt_steal steal;            /* likewise */

	/* The thread's, until it was joined. */
	struct kt_kernel_types types;
	struct kt_guest_kernel kernel;
	struct kt_sampler sampler;
	struct kt_summary summary;
	struct kt_rules rules;
	struct kt_sample_store store;
	struct kt_watchdog watchdog;
	struct kt_domain_store domains;
	struct kt_program_store programs;
	bool has_types;
	bool has_begun;
	uint64_t write_until_ns; /* 0: not yet asked to */
	struct ktstr_monitor_sample sample;
	struct ktstr_error error; /* why there is nothing */
};

/* Until then, or a stop: false. */
static bool await(struct kt_monitor *monitor, uint64_t at_ns)
{
	const struct timespec until = {
		.tv_sec = (time_t)(at_ns / NS_PER_S),
		.tv_nsec = (long)(at_ns % NS_PER_S),
	};
	bool stop;

	pthread_mutex_lock(&monitor->lock);
	while (!monitor->stop &&
	       pthread_cond_timedwait(&monitor->wake, &monitor->lock, &until) !=
		       ETIMEDOUT)
		;
	stop = monitor->stop;
	pthread_mutex_unlock(&monitor->lock);
	return !stop;
}

/* A kernel to watch, or a stop: false. The run ends, so that the wait does. */
static bool await_begin(struct kt_monitor *monitor)
{
	bool begin;

	pthread_mutex_lock(&monitor->lock);
	while (!monitor->stop && !monitor->begin)
		pthread_cond_wait(&monitor->wake, &monitor->lock);
	begin = !monitor->stop;
	pthread_mutex_unlock(&monitor->lock);
	return begin;
}

static int begin(struct kt_monitor *monitor)
{
	const struct kt_monitor_config *config = &monitor->config;
	struct ktstr_error *err = &monitor->error;
	int r = kt_guest_kernel_init(&monitor->kernel, config->memory,
				     &monitor->symbols, &monitor->types,
				     config->n_cpus, err);

	if (r)
		return r;
	r = kt_sampler_init(&monitor->sampler, &monitor->kernel, err);
	if (!r && kt_rules_init(&monitor->rules, &monitor->thresholds,
				config->n_cpus, monitor->sampler.counter_names,
				monitor->sampler.n_counters) < 0) {
		kt_sampler_deinit(&monitor->sampler);
		r = kt_err(err, -ENOMEM, "no memory to watch %u CPUs",
			   config->n_cpus);
	}
	if (r) {
		kt_guest_kernel_deinit(&monitor->kernel);
		return r;
	}
	monitor->watchdog.timeout_ms = config->watchdog_timeout_ms;
	kt_summary_init(&monitor->summary, config->n_cpus);
	kt_sample_store_init(&monitor->store, config->n_cpus, STORE_BYTES);
	return 0;
}

static void add_vcpu_times(struct kt_monitor *monitor)
{
	if (!monitor->steal.n || kt_steal_read(&monitor->steal) < 0)
		return;
	for (uint32_t i = 0; i < monitor->config.n_cpus; i++) {
		monitor->sample.cpus[i].vcpu_ran_ns = monitor->steal.ran_ns[i];
		monitor->sample.cpus[i].vcpu_stolen_ns =
			monitor->steal.stolen_ns[i];
	}
	monitor->sample.has |= KTSTR_SAMPLE_VCPU_TIME;
}

static void take_sample(struct kt_monitor *monitor)
{
	struct ktstr_monitor_sample *sample = &monitor->sample;

	sample->host_ns = kt_now_ns();
	if (kt_sampler_take(&monitor->sampler, sample) < 0) {
		kt_summary_drop(&monitor->summary);
		return;
	}
	sample->took_ns = kt_now_ns() - sample->host_ns;
	add_vcpu_times(monitor);
	kt_summary_add(&monitor->summary, sample);
	kt_rules_add(&monitor->rules, sample);
	/* One less in the timeline; the numbers above have it. */
	(void)kt_sample_store_add(&monitor->store, sample);
}

/* `why` has no code where all was done. */
static void finish_writes(struct kt_monitor *monitor,
			  const struct ktstr_error *why)
{
	pthread_mutex_lock(&monitor->lock);
	monitor->why = *why;
	monitor->written = true;
	pthread_mutex_unlock(&monitor->lock);
	(void)eventfd_write(monitor->eventfd, 1);
}

/* None is written before all are found. */
static int try_writes(struct kt_monitor *monitor, struct ktstr_error *err)
{
	const struct kt_monitor_config *config = &monitor->config;
	_cleanup_free_ struct kt_map_write_place *places =
		calloc(config->n_map_writes, sizeof(*places));
	int r;

	if (!places)
		return kt_err(err, -ENOMEM, "no memory for the writes");
	r = kt_map_writes_find(&monitor->kernel, config->map_writes,
			       config->n_map_writes, places, err);
	return r ? r :
		   kt_map_writes_do(&monitor->kernel, config->map_writes,
				    config->n_map_writes, places, err);
}

static void attend_writes(struct kt_monitor *monitor, uint64_t now_ns)
{
	struct ktstr_error why = { 0 };
	bool wanted;

	pthread_mutex_lock(&monitor->lock);
	wanted = monitor->write && !monitor->written;
	pthread_mutex_unlock(&monitor->lock);
	if (!wanted)
		return;
	if (!monitor->write_until_ns)
		monitor->write_until_ns = now_ns + WRITE_NS;
	if (try_writes(monitor, &why) == -EAGAIN &&
	    now_ns < monitor->write_until_ns)
		return;
	finish_writes(monitor, &why);
}

static void watch(struct kt_monitor *monitor)
{
	uint64_t at_ns = kt_now_ns();
	unsigned int nth = 0;

	do {
		uint64_t now_ns;

		take_sample(monitor);
		if (nth % SAMPLES_A_WRITE == 0) {
			(void)kt_program_store_take(&monitor->programs,
						    &monitor->kernel);
			attend_writes(monitor, kt_now_ns());
		}
		/* One less, like a sample that could not be taken. */
		if (nth++ % SAMPLES_A_SNAPSHOT == 0)
			(void)kt_domain_store_take(&monitor->domains,
						   &monitor->kernel);
		kt_watchdog_tick(&monitor->watchdog, &monitor->kernel);
		/* What came too late is left out, not made up for. */
		at_ns += SAMPLE_NS;
		now_ns = kt_now_ns();
		if (at_ns < now_ns)
			at_ns = now_ns + SAMPLE_NS;
	} while (await(monitor, at_ns));
}

static void work(struct kt_monitor *monitor)
{
	const struct kt_monitor_config *config = &monitor->config;

	if (kt_kernel_types_init(&monitor->types, config->btf,
				 config->btf_bytes, &monitor->error) < 0)
		return;
	monitor->has_types = true;
	if (!await_begin(monitor)) {
		kt_err(&monitor->error, -ENOENT,
		       "the guest has not said where its kernel keeps things");
		return;
	}
	if (begin(monitor) < 0)
		return;
	monitor->has_begun = true;
	watch(monitor);
}

static void *run(void *userdata)
{
	struct kt_monitor *monitor = userdata;

	work(monitor);
	/* One that could not begin writes nothing either. */
	if (!monitor->has_begun)
		finish_writes(monitor, &monitor->error);
	return NULL;
}

static void init_locks(struct kt_monitor *monitor)
{
	pthread_condattr_t attributes;

	(void)kt_mutex_init(&monitor->lock);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&monitor->wake, &attributes);
	pthread_condattr_destroy(&attributes);
}

static void destroy(struct kt_monitor *monitor)
{
	if (monitor->has_begun) {
		kt_sample_store_deinit(&monitor->store);
		kt_domain_store_deinit(&monitor->domains);
		kt_program_store_deinit(&monitor->programs);
		kt_rules_deinit(&monitor->rules);
		kt_sampler_deinit(&monitor->sampler);
		kt_guest_kernel_deinit(&monitor->kernel);
	}
	if (monitor->has_types)
		kt_kernel_types_deinit(&monitor->types);
	kt_steal_deinit(&monitor->steal);
	free(monitor->sample.cpus);
	kt_close(monitor->eventfd);
	pthread_cond_destroy(&monitor->wake);
	pthread_mutex_destroy(&monitor->lock);
	free(monitor);
}

/* One that takes no signals, from its begin on. */
static int start_thread(struct kt_monitor *monitor)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = -pthread_create(&monitor->thread, NULL, run, monitor);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!r)
		pthread_setname_np(monitor->thread, "monitor");
	return r;
}

int kt_monitor_start(const struct kt_monitor_config *config,
		     struct kt_monitor **ret, struct ktstr_error *err)
{
	struct kt_monitor *monitor = calloc(1, sizeof(*monitor));
	int r;

	if (!monitor)
		return kt_err(err, -ENOMEM, "no memory for the monitor");
	monitor->config = *config;
	monitor->thresholds = *config->thresholds;
	init_locks(monitor);
	monitor->sample.cpus =
		calloc(config->n_cpus, sizeof(*monitor->sample.cpus));
	monitor->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = monitor->eventfd < 0 ? -errno :
	    monitor->sample.cpus ? start_thread(monitor) :
				   -ENOMEM;
	if (r) {
		destroy(monitor);
		return kt_err_errno(err, r, "cannot start the monitor");
	}
	*ret = monitor;
	return 0;
}

void kt_monitor_begin(struct kt_monitor *monitor,
		      const struct kt_kernel_symbols *symbols,
		      const pid_t *vcpu_tids)
{
	uint32_t n = monitor->config.n_cpus;

	monitor->symbols = *symbols;
	/* Without memory for it, samples lack these times. */
	if (kt_steal_init(&monitor->steal, n) == 0)
		memcpy(monitor->steal.tids, vcpu_tids, n * sizeof(*vcpu_tids));
	pthread_mutex_lock(&monitor->lock);
	monitor->begin = true;
	pthread_cond_signal(&monitor->wake);
	pthread_mutex_unlock(&monitor->lock);
}

void kt_monitor_write_maps(struct kt_monitor *monitor)
{
	pthread_mutex_lock(&monitor->lock);
	monitor->write = true;
	pthread_mutex_unlock(&monitor->lock);
}

int kt_monitor_eventfd(const struct kt_monitor *monitor)
{
	return monitor->eventfd;
}

bool kt_monitor_maps_written(struct kt_monitor *monitor, const char **ret_why)
{
	bool written;

	pthread_mutex_lock(&monitor->lock);
	written = monitor->write && monitor->written;
	pthread_mutex_unlock(&monitor->lock);
	if (written)
		*ret_why = monitor->why.code ? monitor->why.message : NULL;
	return written;
}

struct ktstr_monitor_report *kt_monitor_unavailable(const char *why)
{
	struct ktstr_monitor_report *report = calloc(1, sizeof(*report));

	if (!report)
		return NULL;
	report->verdict = KTSTR_INCONCLUSIVE;
	report->unavailable = strdup(why);
	if (!report->unavailable) {
		free(report);
		return NULL;
	}
	return report;
}

/* Moves what the thread gathered. */
static struct ktstr_monitor_report *make_report(struct kt_monitor *monitor)
{
	struct ktstr_monitor_report *report;

	if (!monitor->has_begun)
		return kt_monitor_unavailable(monitor->error.message);
	report = calloc(1, sizeof(*report));
	if (!report)
		return NULL;
	report->verdict = kt_rules_verdict(&monitor->rules);
	kt_summary_get(&monitor->summary, &report->summary);
	report->watchdog = monitor->watchdog.report;
	report->n_cpus = monitor->config.n_cpus;
	report->violations = TAKE_PTR(monitor->rules.violations);
	report->n_violations = monitor->rules.n_violations;
	report->n_violations_lost = monitor->rules.n_violations_lost;
	report->samples = TAKE_PTR(monitor->store.samples);
	report->n_samples = monitor->store.n;
	monitor->store.n = 0;
	report->domain_snapshots = TAKE_PTR(monitor->domains.snapshots);
	report->n_domain_snapshots = monitor->domains.n;
	monitor->domains.n = 0;
	report->programs = TAKE_PTR(monitor->programs.programs);
	report->n_programs = monitor->programs.n;
	monitor->programs.n = 0;
	report->n_counters = monitor->sampler.n_counters;
	for (size_t i = 0; i < report->n_counters; i++)
		report->counter_names[i] =
			TAKE_PTR(monitor->sampler.counter_names[i]);
	return report;
}

void kt_monitor_stop(struct kt_monitor *monitor, struct ktstr_monitor_report **ret)
{
	if (!monitor)
		return;
	pthread_mutex_lock(&monitor->lock);
	monitor->stop = true;
	pthread_cond_signal(&monitor->wake);
	pthread_mutex_unlock(&monitor->lock);
	pthread_join(monitor->thread, NULL);
	*ret = make_report(monitor);
	destroy(monitor);
}

void kt_monitor_report_free(struct ktstr_monitor_report *report)
{
	if (!report)
		return;
	for (size_t i = 0; i < report->n_samples; i++)
		free(report->samples[i].cpus);
	free(report->samples);
	for (size_t i = 0; i < report->n_domain_snapshots; i++)
		kt_domain_snapshot_deinit(&report->domain_snapshots[i]);
	free(report->domain_snapshots);
	free(report->programs);
	free(report->violations);
	for (size_t i = 0; i < report->n_counters; i++)
		free(report->counter_names[i]);
	free(report->unavailable);
	free(report);
}
