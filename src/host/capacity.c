// SPDX-License-Identifier: GPL-2.0-only
#include "host/capacity.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "host/lock.h"

#define HUGEPAGES_DIRECTORY "/sys/kernel/mm/hugepages/hugepages-2048kB"
#define FIFO_RUNTIME        "/proc/sys/kernel/sched_rt_runtime_us"
#define FIFO_PERIOD         "/proc/sys/kernel/sched_rt_period_us"
#define NUMBER_FILE_MAX     4096u

/* A file that holds one number; `otherwise` where it does not. */
static int64_t number_in(const char *path, int64_t otherwise)
{
	_cleanup_free_ char *text = NULL;
	long long value;

	if (kt_read_file(path, NUMBER_FILE_MAX, &text, NULL) < 0 ||
	    sscanf(text, "%lld", &value) != 1)
		return otherwise;
	return value;
}

void kt_hugepages_read(struct kt_hugepages *ret)
{
	ret->total = (uint64_t)number_in(HUGEPAGES_DIRECTORY "/nr_hugepages", 0);
	ret->free = (uint64_t)number_in(HUGEPAGES_DIRECTORY "/free_hugepages", 0);
}

uint64_t kt_hugepages_needed(uint64_t memory_mib)
{
	return (memory_mib + KT_HUGEPAGE_MIB - 1) / KT_HUGEPAGE_MIB;
}

/* "0.20 0.18 0.12 1/80 11206", proc_loadavg(5). */
bool kt_running_tasks_parse(const char *loadavg, uint32_t *ret)
{
	unsigned int running;

	if (sscanf(loadavg, "%*f %*f %*f %u/%*u", &running) != 1)
		return false;
	*ret = running;
	return true;
}

bool kt_running_tasks(uint32_t *ret)
{
	_cleanup_free_ char *text = NULL;

	return kt_read_file("/proc/loadavg", NUMBER_FILE_MAX, &text, NULL) == 0 &&
	       kt_running_tasks_parse(text, ret);
}

static void *try_fifo(void *arg)
{
	const struct sched_param param = {
		.sched_priority = KT_PRIORITY_SERVICE,
	};
	bool *may = arg;

	*may = sched_setscheduler(0, SCHED_FIFO, &param) == 0;
	return NULL;
}

bool kt_may_use_fifo(void)
{
	pthread_t thread;
	bool may = false;

	if (pthread_create(&thread, NULL, try_fifo, &may) != 0)
		return false;
	pthread_join(thread, NULL);
	return may;
}

/* Nothing is kept; two runs that look at once do not mind each other. */
static void try_locks(struct ktstr_error *ret)
{
	_cleanup_locks_ struct kt_locks locks = { 0 };
	const struct kt_lock one = { KT_LOCK_LLC, 0, false };
	struct ktstr_error err = { 0 };

	/* One that is held is one that works. */
	if (kt_locks_take(&one, 1, &locks, &err) < 0 &&
	    err.kind != KTSTR_ERROR_CONTENTION)
		*ret = err;
}

int kt_capacity_read(struct kt_capacity *ret, struct ktstr_error *err)
{
	int fd = -1, r;

	*ret = (struct kt_capacity){ 0 };
	r = kt_host_topology_read_whole(&ret->host, err);
	if (r < 0)
		return r;
	kt_hugepages_read(&ret->hugepages);
	ret->running_known = kt_running_tasks(&ret->running);
	ret->fifo = kt_may_use_fifo();
	ret->fifo_runtime_us = number_in(FIFO_RUNTIME, -1);
	ret->fifo_period_us = number_in(FIFO_PERIOD, 1000000);
	try_locks(&ret->locks);
	if (kt_kvm_open(&fd, &ret->caps, &ret->kvm) == 0)
		(void)kt_kvm_caps_check(&ret->caps, &ret->kvm);
	kt_close(fd);
	return 0;
}

void kt_capacity_deinit(struct kt_capacity *capacity)
{
	kt_host_topology_free(capacity->host);
	*capacity = (struct kt_capacity){ 0 };
}

/* All but one, whose CPUs are then there for services. */
uint32_t kt_capacity_performance_llcs(const struct kt_capacity *capacity)
{
	const struct kt_host_topology *host = capacity->host;
	uint32_t usable = 0;

	for (size_t i = 0; i < host->n_llcs; i++)
		usable += host->llcs[i].n_allowed > 0;
	if (host->n_llcs < 2)
		return 0;
	return KT_MIN(usable, (uint32_t)host->n_llcs - 1);
}
