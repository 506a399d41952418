/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Other processes that hold locks, and a directory of locks for the test. */

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "host/lock.h"
#include "test.h"

struct other {
	pid_t pid;
};

/* What it does before it says that it is ready, and waits; 0: well. */
typedef int (*other_does)(const void *with);

static char lock_directory[] = "/tmp/ktstr-locks-XXXXXX";

static inline int locks_set_up(void **state)
{
	(void)state;
	strcpy(lock_directory, "/tmp/ktstr-locks-XXXXXX");
	if (!mkdtemp(lock_directory))
		return -1;
	return setenv("KTSTR_LOCK_DIR", lock_directory, 1);
}

static inline int locks_tear_down(void **state)
{
	(void)state;
	return kt_remove_tree(lock_directory);
}

static inline void other_start(struct other *other, other_does does,
			       const void *with)
{
	char answer = 'n';
	int ready[2];

	assert_int_equal(pipe(ready), 0);
	other->pid = fork();
	assert_true(other->pid >= 0);
	if (other->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		answer = does(with) == 0 ? 'y' : 'n';
		if (write(ready[1], &answer, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &answer, 1), 1);
	close(ready[0]);
	assert_int_equal(answer, 'y');
}

static inline void other_end(struct other *other)
{
	kill(other->pid, SIGKILL);
	assert_int_equal(waitpid(other->pid, NULL, 0), other->pid);
}

struct other_locks {
	struct kt_lock locks[8];
	size_t n;
};

/* Keeps them until it ends. */
static inline int other_takes(const void *with)
{
	const struct other_locks *wanted = with;
	static struct kt_locks locks;

	return kt_locks_take(wanted->locks, wanted->n, &locks, NULL);
}
