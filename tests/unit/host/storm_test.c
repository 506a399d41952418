// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many processes that reserve and let go in all three ways, and are killed at
 * random: nobody is alone with what somebody else has, and nothing stays
 * locked. KTSTR_STORM_SECONDS is how long, 3 by default.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "host/lock_holder.h"
#include "host/reservation.h"
#include "machines.h"
#include "others.h"

#define PROCESSES  32
#define UNITS      8 /* LLCs, and CPUs */
#define KILL_MS    5
#define HOLD_US    300
#define PF_EXITING 0x4u

enum use {
	USE_NONE,
	USE_SHARED,
	USE_ALONE,
};

/* What each process believes to have. */
struct storm {
	atomic_int pids[PROCESSES];
	atomic_int llcs[PROCESSES][UNITS];
	atomic_int cpus[PROCESSES][UNITS];
	atomic_uint won[3]; /* by way */
	atomic_uint lost;
	atomic_uint violations;
	atomic_bool over;
};

static struct storm *storm;
static struct kt_host_topology *host;
static struct kt_topology *guests[4]; /* of so many LLCs of one CPU */

/* A process has its locks until it is on its way out. */
static bool is_alive(int pid)
{
	_cleanup_free_ char *stat = NULL;
	unsigned int flags;
	char path[64], state;
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (pid <= 0 || kt_read_file(path, 4096, &stat, NULL) < 0)
		return false;
	at = strrchr(stat, ')');
	return at &&
	       sscanf(at, ") %c %*d %*d %*d %*d %*d %u", &state, &flags) == 2 &&
	       state != 'Z' && state != 'X' && !(flags & PF_EXITING);
}

static void claim(atomic_int uses[PROCESSES][UNITS], int me, uint32_t unit,
		  enum use use)
{
	atomic_store(&uses[me][unit], use);
	for (int i = 0; i < PROCESSES; i++) {
		int pid = atomic_load(&storm->pids[i]);
		int theirs = atomic_load(&uses[i][unit]);

		if (i == me || theirs == USE_NONE ||
		    (theirs == USE_SHARED && use == USE_SHARED))
			continue;
		/* Still the same, and not that of one who was killed? */
		if (is_alive(pid) && atomic_load(&storm->pids[i]) == pid &&
		    atomic_load(&uses[i][unit]) == theirs)
			atomic_fetch_add(&storm->violations, 1);
	}
}

static void forget(int me)
{
	for (int unit = 0; unit < UNITS; unit++) {
		atomic_store(&storm->llcs[me][unit], USE_NONE);
		atomic_store(&storm->cpus[me][unit], USE_NONE);
	}
}

static int reserve_alone(int me, uint32_t size, struct kt_locks *locks)
{
	_cleanup_pinning_ struct kt_pinning plan = { 0 };
	int r = kt_reserve_pinning(host, guests[size], &plan, locks, NULL);

	for (size_t i = 0; r == 0 && i < plan.n_llcs; i++)
		claim(storm->llcs, me, plan.llcs[i], USE_ALONE);
	return r;
}

static int reserve_budget(int me, uint32_t size, struct kt_locks *locks)
{
	_cleanup_budget_plan_ struct kt_budget_plan plan = { 0 };
	int r = kt_reserve_budget(host, size, &plan, locks, NULL);

	for (size_t i = 0; r == 0 && i < plan.n_llcs; i++)
		claim(storm->llcs, me, plan.llcs[i], USE_SHARED);
	return r;
}

static int reserve_window(int me, uint32_t size, struct kt_locks *locks)
{
	_cleanup_share_ struct kt_share share = { 0 };
	int r = kt_reserve_window(host, size, false, &share, locks, NULL);

	for (size_t i = 0; r == 0 && i < share.n_cpus; i++) {
		claim(storm->llcs, me, share.cpus[i].llc, USE_SHARED);
		claim(storm->cpus, me, share.cpus[i].id, USE_ALONE);
	}
	return r;
}

static void be_one(int me)
{
	static int (*const ways[])(int me, uint32_t size,
				   struct kt_locks *locks) = { reserve_alone,
							       reserve_budget,
							       reserve_window };
	const struct timespec hold = { .tv_nsec = HOLD_US * 1000 };
	unsigned int seed = (unsigned int)getpid();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!atomic_load(&storm->over)) {
		struct kt_locks locks = { 0 };
		unsigned int way = (unsigned int)rand_r(&seed) % 3;
		uint32_t size = 1 + (uint32_t)rand_r(&seed) % 3;

		if (ways[way](me, size, &locks) == 0) {
			atomic_fetch_add(&storm->won[way], 1);
			nanosleep(&hold, NULL);
		} else {
			atomic_fetch_add(&storm->lost, 1);
		}
		forget(me);
		kt_locks_drop(&locks);
	}
	_exit(0);
}

static void start(int i)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		atomic_store(&storm->pids[i], getpid());
		be_one(i);
	}
	atomic_store(&storm->pids[i], pid);
}

static void kill_one(int i)
{
	pid_t pid = atomic_load(&storm->pids[i]);

	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	forget(i);
	start(i);
}

static void a_storm_leaves_nothing_and_breaks_nothing(void **state)
{
	const char *text = getenv("KTSTR_STORM_SECONDS");
	uint64_t end =
		kt_now_ns() + (uint64_t)(text ? atoi(text) : 3) * 1000000000ULL;
	const struct timespec pause = { .tv_nsec = KILL_MS * 1000000L };
	_cleanup_lock_holders_ struct kt_lock_holders left = { 0 };
	unsigned int seed = 1, killed = 0;

	(void)state;
	for (int i = 0; i < PROCESSES; i++)
		start(i);
	while (kt_now_ns() < end) {
		nanosleep(&pause, NULL);
		kill_one(rand_r(&seed) % PROCESSES);
		killed++;
	}
	atomic_store(&storm->over, true);
	for (int i = 0; i < PROCESSES; i++)
		assert_true(waitpid(atomic_load(&storm->pids[i]), NULL, 0) > 0);
	printf("%u + %u + %u won, %u lost, %u killed\n", storm->won[0],
	       storm->won[1], storm->won[2], storm->lost, killed);
	assert_int_equal(storm->violations, 0);
	for (size_t i = 0; i < 3; i++)
		assert_true(storm->won[i] > 0);
	assert_true(storm->lost > 0);
	assert_true(killed > 0);
	assert_int_equal(kt_lock_holders_read(&left, NULL), 0);
	assert_int_equal(left.n, 0);
}

/* The watching itself: one who has what another has alone is found. */
static void a_violation_is_found(void **state)
{
	(void)state;
	atomic_store(&storm->pids[0], getpid());
	atomic_store(&storm->pids[1], getpid());
	claim(storm->llcs, 0, 3, USE_SHARED);
	claim(storm->llcs, 1, 3, USE_SHARED);
	assert_int_equal(storm->violations, 0);
	claim(storm->llcs, 1, 3, USE_ALONE);
	assert_int_equal(storm->violations, 1);
	forget(0);
	forget(1);
	atomic_store(&storm->violations, 0);
}

static int set_up(void **state)
{
	for (uint32_t i = 1; i < KT_ARRAY_SIZE(guests); i++) {
		const struct ktstr_topology declared = KTSTR_TOPOLOGY(1, i, 1, 1);

		if (kt_topology_from_public(&declared, &guests[i], NULL) < 0)
			return -1;
	}
	storm = mmap(NULL, sizeof(*storm), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	host = read_machine_named("emulated-8x1");
	return storm == MAP_FAILED ? -1 : locks_set_up(state);
}

static int tear_down(void **state)
{
	for (size_t i = 1; i < KT_ARRAY_SIZE(guests); i++)
		kt_topology_free(guests[i]);
	kt_host_topology_free(host);
	munmap(storm, sizeof(*storm));
	return locks_tear_down(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_violation_is_found),
		cmocka_unit_test(a_storm_leaves_nothing_and_breaks_nothing),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
