/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Locks that threads of different priorities share: whoever holds one runs, while
 * he does, with the priority of the most urgent who waits for it. Otherwise a
 * vCPU under SCHED_FIFO could wait for a thread that does not get to run.
 */

#include <pthread.h>

/* 0 or -errno; on Linux it does not fail. */
static inline int kt_mutex_init(pthread_mutex_t *mutex)
{
	pthread_mutexattr_t attr;
	int r;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	r = -pthread_mutex_init(mutex, &attr);
	pthread_mutexattr_destroy(&attr);
	return r;
}
