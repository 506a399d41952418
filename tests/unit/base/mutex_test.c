// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mutex.h"

/* What a thread's priority is just now, with what it has inherited. */
static int priority_now(pid_t tid)
{
	_cleanup_free_ char *stat = NULL;
	char path[64];
	const char *at;
	int priority = 0;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	assert_int_equal(kt_read_file(path, 4096, &stat, NULL), 0);
	at = strrchr(stat, ')');
	assert_int_equal(sscanf(at,
				") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
				"%*u %*u %*d %*d %d",
				&priority),
			 1);
	return priority;
}

static void *wait_urgently(void *arg)
{
	pthread_mutex_t *mutex = arg;

	pthread_mutex_lock(mutex);
	pthread_mutex_unlock(mutex);
	return NULL;
}

static void who_holds_it_is_as_urgent_as_who_waits(void **state)
{
	const struct sched_param urgent = { .sched_priority = 1 };
	const struct timespec pause = { .tv_nsec = 1000000 };
	int ordinary = priority_now(gettid()), seen = ordinary;
	pthread_mutex_t mutex;
	pthread_attr_t attr;
	pthread_t thread;

	(void)state;
	assert_int_equal(kt_mutex_init(&mutex), 0);
	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
	pthread_attr_setschedparam(&attr, &urgent);
	pthread_mutex_lock(&mutex);
	if (pthread_create(&thread, &attr, wait_urgently, &mutex) != 0) {
		pthread_mutex_unlock(&mutex);
		skip(); /* no right to SCHED_FIFO */
	}
	pthread_attr_destroy(&attr);
	/* proc_pid_stat(5): negative for real-time priorities. */
	for (int i = 0; i < 10000 && seen >= 0; i++) {
		nanosleep(&pause, NULL);
		seen = priority_now(gettid());
	}
	pthread_mutex_unlock(&mutex);
	pthread_join(thread, NULL);
	pthread_mutex_destroy(&mutex);
	assert_true(ordinary >= 0);
	assert_true(seen < 0);
	assert_int_equal(priority_now(gettid()), ordinary);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_holds_it_is_as_urgent_as_who_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
