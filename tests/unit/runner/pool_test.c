// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/macro.h"
#include "runner/pool.h"

#define WAIT_MS 20000

/* Works until it is let go. */
struct job {
	sem_t go;
	atomic_bool over;
};

static void work(void *argument)
{
	struct job *job = argument;

	while (sem_wait(&job->go) < 0)
		;
	atomic_store(&job->over, true);
}

static void start(struct kt_pool *pool, uint32_t cpus, uint32_t memory_mib,
		  struct job *job)
{
	const struct kt_pool_load load = { cpus, memory_mib };

	sem_init(&job->go, 0, 0);
	atomic_store(&job->over, false);
	assert_int_equal(kt_pool_start(pool, &load, work, job, NULL), 0);
}

static void finish(struct kt_pool *pool, struct job *job)
{
	sem_post(&job->go);
	assert_ptr_equal(kt_pool_wait(pool, WAIT_MS), job);
	assert_true(atomic_load(&job->over));
}

static bool fits(const struct kt_pool *pool, uint32_t cpus, uint32_t memory_mib)
{
	const struct kt_pool_load load = { cpus, memory_mib };

	return kt_pool_fits(pool, &load);
}

static struct kt_pool *make(uint32_t jobs, uint32_t cpus, uint64_t memory_mib)
{
	const struct kt_pool_limits limits = { jobs, cpus, memory_mib };
	struct kt_pool *pool = NULL;

	assert_int_equal(kt_pool_create(&limits, &pool, NULL), 0);
	return pool;
}

static void cpus_and_memory_are_shared(void **state)
{
	_cleanup_pool_ struct kt_pool *pool = make(0, 8, 4096);
	struct job one, other;

	(void)state;
	start(pool, 4, 1024, &one);
	assert_true(fits(pool, 4, 3072));
	assert_false(fits(pool, 5, 1024));
	assert_false(fits(pool, 4, 3073));
	start(pool, 4, 1024, &other);
	assert_int_equal(kt_pool_running(pool), 2);
	assert_false(fits(pool, 1, 1));
	/* Nothing is asked for: a run that is skipped. */
	assert_true(fits(pool, 0, 0));
	finish(pool, &other);
	assert_int_equal(kt_pool_running(pool), 1);
	assert_true(fits(pool, 4, 3072));
	finish(pool, &one);
}

static void a_job_alone_may_take_more_than_there_is(void **state)
{
	_cleanup_pool_ struct kt_pool *pool = make(0, 2, 512);
	struct job job;

	(void)state;
	assert_true(fits(pool, 100, 10000));
	start(pool, 100, 10000, &job);
	assert_false(fits(pool, 1, 1));
	finish(pool, &job);
	assert_true(fits(pool, 100, 10000));
}

static void so_many_jobs_are_so_many(void **state)
{
	_cleanup_pool_ struct kt_pool *pool = make(2, 1, 1);
	struct job one, other;

	(void)state;
	start(pool, 100, 10000, &one);
	assert_true(fits(pool, 100, 10000));
	start(pool, 100, 10000, &other);
	assert_false(fits(pool, 0, 0));
	finish(pool, &one);
	assert_true(fits(pool, 100, 10000));
	finish(pool, &other);
}

static void jobs_come_as_they_end(void **state)
{
	_cleanup_pool_ struct kt_pool *pool = make(3, 1, 1);
	struct job jobs[3];

	(void)state;
	assert_null(kt_pool_wait(pool, -1));
	for (size_t i = 0; i < KT_ARRAY_SIZE(jobs); i++)
		start(pool, 1, 1, &jobs[i]);
	assert_null(kt_pool_wait(pool, 1));
	finish(pool, &jobs[1]);
	finish(pool, &jobs[2]);
	finish(pool, &jobs[0]);
	assert_null(kt_pool_wait(pool, -1));
	assert_int_equal(kt_pool_running(pool), 0);
}

static void destroying_waits_for_the_end(void **state)
{
	struct kt_pool *pool = make(2, 1, 1);
	struct job jobs[2];

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(jobs); i++)
		start(pool, 1, 1, &jobs[i]);
	sem_post(&jobs[0].go);
	sem_post(&jobs[1].go);
	kt_pool_destroy(pool);
	assert_true(atomic_load(&jobs[0].over) && atomic_load(&jobs[1].over));
	kt_pool_destroy(NULL);
}

static void memory_is_read(void **state)
{
	(void)state;
	assert_int_equal(kt_pool_available_mib("MemTotal:       16384000 kB\n"
					       "MemFree:          100000 kB\n"
					       "MemAvailable:    8389632 kB\n"),
			 8193);
	assert_int_equal(kt_pool_available_mib("MemTotal: 1 kB\n"), 0);
	assert_int_equal(kt_pool_available_mib(""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpus_and_memory_are_shared),
		cmocka_unit_test(a_job_alone_may_take_more_than_there_is),
		cmocka_unit_test(so_many_jobs_are_so_many),
		cmocka_unit_test(jobs_come_as_they_end),
		cmocka_unit_test(destroying_waits_for_the_end),
		cmocka_unit_test(memory_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
