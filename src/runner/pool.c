// SPDX-License-Identifier: GPL-2.0-only
#include "runner/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S  1000000000L
#define NS_PER_MS 1000000L

struct task {
	struct task *next; /* in `done` */
	struct kt_pool *pool;
	struct kt_pool_load load;
	void (*work)(void *job);
	void *job;
	pthread_t thread;
};

struct kt_pool {
	/* The owner's. */
	struct kt_pool_limits limits;
	size_t running;
	uint64_t cpus;
	uint64_t memory_mib;

	pthread_mutex_t lock;
	pthread_cond_t ended; /* by CLOCK_MONOTONIC */
	struct task *done;    /* first ended first; under the lock */
	struct task **done_end;
};

int kt_pool_create(const struct kt_pool_limits *limits, struct kt_pool **ret,
		   struct ktstr_error *err)
{
	struct kt_pool *pool = calloc(1, sizeof(*pool));
	pthread_condattr_t monotonic;

	if (!pool)
		return kt_err_errno(err, -ENOMEM, "no memory for threads");
	pool->limits = *limits;
	pool->done_end = &pool->done;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->ended, &monotonic);
	pthread_condattr_destroy(&monotonic);
	*ret = pool;
	return 0;
}

void kt_pool_destroy(struct kt_pool *pool)
{
	if (!pool)
		return;
	while (pool->running)
		(void)kt_pool_wait(pool, -1);
	pthread_cond_destroy(&pool->ended);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

bool kt_pool_fits(const struct kt_pool *pool, const struct kt_pool_load *load)
{
	const struct kt_pool_limits *limits = &pool->limits;

	if (!pool->running)
		return true;
	if (limits->jobs)
		return pool->running < limits->jobs;
	return pool->cpus + load->cpus <= limits->cpus &&
	       pool->memory_mib + load->memory_mib <= limits->memory_mib;
}

static void *task_thread(void *argument)
{
	struct task *task = argument;
	struct kt_pool *pool = task->pool;

	task->work(task->job);
	pthread_mutex_lock(&pool->lock);
	*pool->done_end = task;
	pool->done_end = &task->next;
	pthread_cond_signal(&pool->ended);
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

int kt_pool_start(struct kt_pool *pool, const struct kt_pool_load *load,
		  void (*work)(void *job), void *job, struct ktstr_error *err)
{
	struct task *task = calloc(1, sizeof(*task));
	int r;

	if (!task)
		return kt_err_errno(err, -ENOMEM, "no memory for a thread");
	*task = (struct task){
		.pool = pool,
		.load = *load,
		.work = work,
		.job = job,
	};
	r = -pthread_create(&task->thread, NULL, task_thread, task);
	if (r < 0) {
		free(task);
		return kt_err_errno(err, r, "cannot start a thread");
	}
	pool->running++;
	pool->cpus += load->cpus;
	pool->memory_mib += load->memory_mib;
	return 0;
}

size_t kt_pool_running(const struct kt_pool *pool)
{
	return pool->running;
}

static struct timespec in_ms(int ms)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_sec += ms / 1000;
	time.tv_nsec += ms % 1000 * NS_PER_MS;
	if (time.tv_nsec >= NS_PER_S) {
		time.tv_sec++;
		time.tv_nsec -= NS_PER_S;
	}
	return time;
}

static struct task *wait_for_task(struct kt_pool *pool, int wait_ms)
{
	const struct timespec until = in_ms(wait_ms);
	struct task *task;
	int r = 0;

	pthread_mutex_lock(&pool->lock);
	while (!pool->done && r != ETIMEDOUT)
		r = wait_ms < 0 ? pthread_cond_wait(&pool->ended, &pool->lock) :
				  pthread_cond_timedwait(&pool->ended,
							 &pool->lock, &until);
	task = pool->done;
	if (task) {
		pool->done = task->next;
		if (!pool->done)
			pool->done_end = &pool->done;
	}
	pthread_mutex_unlock(&pool->lock);
	return task;
}

void *kt_pool_wait(struct kt_pool *pool, int wait_ms)
{
	struct task *task;
	void *job;

	task = pool->running ? wait_for_task(pool, wait_ms) : NULL;
	if (!task)
		return NULL;
	pthread_join(task->thread, NULL);
	pool->running--;
	pool->cpus -= task->load.cpus;
	pool->memory_mib -= task->load.memory_mib;
	job = task->job;
	free(task);
	return job;
}

uint64_t kt_pool_available_mib(const char *meminfo)
{
	static const char key[] = "MemAvailable:";
	const char *line = strstr(meminfo, key);

	return line ? strtoull(line + strlen(key), NULL, 10) / 1024 : 0;
}
