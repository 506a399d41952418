/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Jobs on threads, as many at once as there is room for. One thread owns the
 * pool and calls all of this; a job's own function runs on a thread of its own.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

struct kt_pool;

/* What a job takes while it runs. */
struct kt_pool_load {
	uint32_t cpus;
	uint32_t memory_mib;
};

/* A job that is alone runs whatever it takes. */
struct kt_pool_limits {
	uint32_t jobs; /* so many at once; 0: by the two below */
	uint32_t cpus;
	uint64_t memory_mib;
};

int kt_pool_create(const struct kt_pool_limits *limits, struct kt_pool **ret,
		   struct ktstr_error *err);

/* Waits for jobs that run; those that ended and were not taken are dropped. */
void kt_pool_destroy(struct kt_pool *pool);
KT_DEFINE_CLEANUP(struct kt_pool *, kt_pool_destroy)
#define _cleanup_pool_ _cleanup_(kt_pool_destroy_cleanup)

/* Whether a job may start beside those that run. */
bool kt_pool_fits(const struct kt_pool *pool, const struct kt_pool_load *load);

/* Runs work(job) on a new thread, with the caller's mask of signals. */
int kt_pool_start(struct kt_pool *pool, const struct kt_pool_load *load,
		  void (*work)(void *job), void *job, struct ktstr_error *err);

/* Jobs that were started and not yet taken by kt_pool_wait(). */
size_t kt_pool_running(const struct kt_pool *pool);

/*
 * A job whose work is over, the one that ended first; NULL when none did within
 * so many milliseconds, or none is running. -1: waits for as long as it takes.
 */
void *kt_pool_wait(struct kt_pool *pool, int wait_ms);

/* What /proc/meminfo has as MemAvailable, in MiB; 0 when it has not. */
uint64_t kt_pool_available_mib(const char *meminfo);
