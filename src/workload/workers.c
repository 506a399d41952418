// SPDX-License-Identifier: GPL-2.0-only
#include "workload/workers.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/macro.h"
#include "workload/place.h"

#define WORKERS_MAX          65536
#define WORKERS_READY_MS     30000
#define WORKERS_DIE_MS       10000
#define WORKERS_WORKING_STEP 64

/*
 * The shared mapping:
 *
 *	| stop, alone in its line | slot 0 | slot 1 ... | set 0 | set 1 ... |
 */
struct workers_shared {
	alignas(128) _Atomic uint32_t stop;
	struct kt_slot slots[];
};

struct kt_workers {
	const struct ktstr_workers *spec;
	const struct kt_work_ops *ops;
	struct kt_gate *gate;
	uint32_t members; /* of a set */
	uint32_t n;       /* forked so far */
	bool stopped;
	struct workers_shared *shared;
	size_t shared_bytes;
	struct kt_set *sets;
	pid_t *pids;
	struct ktstr_worker_report *reports;
};

/* The pipes of one set while its members are forked; [2i] is read by i. */
struct workers_ring {
	int fds[2 * KT_SET_MEMBERS];
	uint32_t members; /* 0: it has none */
};

static void workers_close_ring(struct workers_ring *ring)
{
	for (uint32_t i = 0; i < 2 * ring->members; i++)
		kt_close(ring->fds[i]);
	ring->members = 0;
}

static int workers_open_ring(struct workers_ring *ring, uint32_t members)
{
	while (ring->members < members) {
		if (pipe2(&ring->fds[2 * ring->members], O_CLOEXEC) < 0)
			return -errno;
		ring->members++;
	}
	return 0;
}

/* Keeps what member `member` reads and writes, and closes the rest. */
static void workers_join_ring(struct workers_ring *ring,
			      struct ktstr_worker *worker)
{
	uint32_t next = (worker->member + 1) % worker->members;

	worker->in_fd = worker->out_fd = -1;
	if (!ring->members)
		return;
	worker->in_fd = TAKE_FD(ring->fds[2 * worker->member]);
	worker->out_fd = TAKE_FD(ring->fds[2 * next + 1]);
	workers_close_ring(ring);
}

/* Descriptors that all of a set have; lives while the set is forked. */
struct workers_shared_fds {
	int fds[KT_SET_MEMBERS];
	uint32_t n; /* 0: none */
};

static void workers_close_shared(struct workers_shared_fds *shared)
{
	for (uint32_t i = 0; i < shared->n; i++)
		kt_close(shared->fds[i]);
	shared->n = 0;
}

static int workers_check_spec(const struct ktstr_workers *spec,
			      const struct kt_work_ops *ops,
			      struct ktstr_error *err)
{
	uint32_t members;
	int r;

	if (!spec->workers || spec->workers > WORKERS_MAX)
		return kt_err(err, -EINVAL, "workers must be 1 to %d, not %u",
			      WORKERS_MAX, spec->workers);
	if (!ops)
		return kt_err(err, -EINVAL,
			      "work of unknown kind %d; use one of the macros "
			      "of ktstr/work.h",
			      (int)spec->work.kind);
	r = ops->check ? ops->check(&spec->work, err) : 0;
	if (r < 0)
		return r;
	members = ops->members ? ops->members(&spec->work) : 1;
	if (!members || members > KT_SET_MEMBERS)
		return kt_err(err, -EINVAL,
			      "%s: a set of %u workers; it must be 1 to %d",
			      ops->name, members, KT_SET_MEMBERS);
	if (spec->workers % members)
		return kt_err(err, -EINVAL,
			      "%u workers cannot be divided into sets of %u, "
			      "which %s needs; use a multiple of %u",
			      spec->workers, members, ops->name, members);
	return kt_place_check(spec, err);
}

static int workers_map_memory(struct ktstr_worker *worker,
			      const struct kt_work_ops *ops,
			      struct ktstr_error *err)
{
	size_t bytes = ops->memory ? ops->memory(worker->work) : 0;
	void *p;

	if (!bytes)
		return 0;
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return kt_err_errno(err, -errno, "a working set of %zu bytes",
				    bytes);
	worker->memory = p;
	worker->memory_bytes = bytes;
	kt_touch(worker->memory, bytes, WORKERS_WORKING_STEP);
	return 0;
}

static void workers_set_signals(pid_t parent)
{
	static const int reset[] = { SIGHUP, SIGQUIT, SIGTERM, SIGCHLD };
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before the line above. */
	if (getppid() != parent)
		_exit(1);
	for (size_t i = 0; i < KT_ARRAY_SIZE(reset); i++)
		signal(reset[i], SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN); /* Ctrl-C is the parent's to answer */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int workers_set_up(struct kt_workers *group, struct ktstr_worker *worker,
			  struct ktstr_error *err)
{
	int r = kt_place_worker(group->spec, worker->index, err);

	if (r == 0)
		r = workers_map_memory(worker, group->ops, err);
	if (r == 0 && group->ops->setup)
		r = group->ops->setup(worker, err);
	return r;
}

static _Noreturn void workers_be_one(struct kt_workers *group, uint32_t index,
				     struct workers_ring *ring,
				     const struct workers_shared_fds *shared,
				     int ready_fd, pid_t parent)
{
	struct kt_slot *slot = &group->shared->slots[index];
	struct ktstr_worker worker = {
		.work = &group->spec->work,
		.slot = slot,
		.set = &group->sets[index / group->members],
		.stop = &group->shared->stop,
		.index = index,
		.member = index % group->members,
		.members = group->members,
		.file_fd = -1,
		.shared_fds = shared->n ? shared->fds : NULL,
	};
	struct ktstr_error err = { 0 };
	uint64_t ready_ns;
	int r;

	workers_set_signals(parent);
	workers_join_ring(ring, &worker);
	r = workers_set_up(group, &worker, &err);
	if (r < 0) {
		snprintf(slot->error, sizeof(slot->error), "%.250s", err.message);
		slot->error_code = r;
		atomic_store(&slot->state, KT_SLOT_REFUSED);
		_exit(1);
	}
	kt_slot_prepare(slot, index);
	ready_ns = kt_now_ns();
	atomic_store(&slot->state, KT_SLOT_READY);
	close(ready_fd);
	kt_gate_wait(group->gate);
	/* The gate may have been open before this group was made. */
	kt_slot_begin(slot, KT_MAX(group->gate->opened_ns, ready_ns));
	group->ops->run(&worker);
	kt_slot_finish(slot, worker.memory, worker.memory_bytes);
	_exit(0);
}

static int workers_fork_set(struct kt_workers *group, int ready_fd,
			    struct ktstr_error *err)
{
	struct workers_ring ring = { .members = 0 };
	struct workers_shared_fds shared = { .n = 0 };
	pid_t parent = getpid();
	int r = 0;

	if (group->ops->pipes) {
		r = workers_open_ring(&ring, group->members);
		if (r < 0)
			r = kt_err_errno(err, r, "pipes between workers");
	}
	if (r == 0 && group->ops->share) {
		r = group->ops->share(&group->spec->work, shared.fds,
				      group->members, err);
		shared.n = r == 0 ? group->members : 0;
	}
	for (uint32_t i = 0; r == 0 && i < group->members; i++) {
		pid_t pid = fork();

		if (pid == 0)
			workers_be_one(group, group->n, &ring, &shared,
				       ready_fd, parent);
		if (pid < 0)
			r = kt_err_errno(err, -errno,
					 "worker %u cannot be forked; see "
					 "pids.max and ulimit -u",
					 group->n);
		else
			group->pids[group->n++] = pid;
	}
	workers_close_ring(&ring);
	workers_close_shared(&shared);
	return r;
}

/* Waits until all are ready or dead: each holds the pipe open until then. */
static int workers_await_ready(const struct kt_workers *group, int fd,
			       struct ktstr_error *err)
{
	struct pollfd p = { .fd = fd };
	int n = (int)TEMP_FAILURE_RETRY(poll(&p, 1, WORKERS_READY_MS));

	if (n < 0)
		return kt_err_errno(err, -errno, "poll");
	if (n == 0)
		return kt_err(err, -ETIMEDOUT,
			      "not all workers were ready after %d ms",
			      WORKERS_READY_MS);
	for (uint32_t i = 0; i < group->n; i++) {
		const struct kt_slot *slot = &group->shared->slots[i];

		if (atomic_load(&slot->state) == KT_SLOT_REFUSED)
			return kt_err(err,
				      slot->error_code == -EOPNOTSUPP ?
					      -EOPNOTSUPP :
					      -ECHILD,
				      "worker %u: %s", i, slot->error);
	}
	return kt_workers_check(group, err);
}

static int workers_allocate(struct kt_workers *group)
{
	uint32_t n = group->spec->workers, sets = n / group->members;
	size_t sets_at =
		sizeof(struct workers_shared) + n * sizeof(struct kt_slot);
	void *p;

	group->shared_bytes = sets_at + sets * sizeof(struct kt_set);
	p = mmap(NULL, group->shared_bytes, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	group->shared = p;
	group->sets = (struct kt_set *)((char *)p + sets_at);
	group->pids = calloc(n, sizeof(group->pids[0]));
	group->reports = calloc(n, sizeof(group->reports[0]));
	return group->pids && group->reports ? 0 : -ENOMEM;
}

static int workers_fork_all(struct kt_workers *group, struct ktstr_error *err)
{
	_cleanup_close_ int ready = -1, ready_write = -1;
	int fds[2];
	int r = 0;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return kt_err_errno(err, -errno, "a pipe");
	ready = fds[0];
	ready_write = fds[1];
	while (r == 0 && group->n < group->spec->workers)
		r = workers_fork_set(group, ready_write, err);
	ready_write = kt_close(ready_write);
	return r == 0 ? workers_await_ready(group, ready, err) : r;
}

int kt_workers_start(const struct ktstr_workers *spec, struct kt_gate *gate,
		     struct kt_workers **ret, struct ktstr_error *err)
{
	const struct kt_work_ops *ops = kt_work_ops(spec->work.kind);
	_cleanup_workers_ struct kt_workers *group = NULL;
	int r;

	if (!spec->name || !*spec->name)
		return kt_err(err, -EINVAL, "a group of workers without a name");
	r = workers_check_spec(spec, ops, err);
	if (r == 0) {
		group = calloc(1, sizeof(*group));
		if (!group)
			return kt_err_errno(err, -ENOMEM, "workers");
		group->spec = spec;
		group->ops = ops;
		group->gate = gate;
		group->members = ops->members ? ops->members(&spec->work) : 1;
		r = workers_allocate(group);
		if (r < 0)
			return kt_err_errno(err, r, "workers %s", spec->name);
		r = workers_fork_all(group, err);
	}
	if (r < 0)
		return kt_err_context(err, r, "workers %s", spec->name);
	*ret = TAKE_PTR(group);
	return 0;
}

const pid_t *kt_workers_pids(const struct kt_workers *group, size_t *ret_n)
{
	*ret_n = group->n;
	return group->pids;
}

int kt_workers_check(const struct kt_workers *group, struct ktstr_error *err)
{
	for (uint32_t i = 0; i < group->n; i++) {
		siginfo_t info = { .si_pid = 0 };

		if (waitid(P_PID, (id_t)group->pids[i], &info,
			   WEXITED | WNOHANG | WNOWAIT) < 0)
			return kt_err_errno(
				err, -ECHILD, "worker %u, pid %d, of %s", i,
				(int)group->pids[i], group->spec->name);
		if (info.si_pid)
			return kt_err(err, -ECHILD,
				      "worker %u, pid %d, of %s is dead: %s "
				      "%d; see the kernel log for an OOM kill",
				      i, (int)group->pids[i], group->spec->name,
				      info.si_code == CLD_EXITED ?
					      "it exited with" :
					      "killed by signal",
				      info.si_status);
	}
	return 0;
}

int kt_workers_release(struct kt_gate *gate, struct kt_workers *const *groups,
		       size_t n_groups, struct ktstr_error *err)
{
	for (size_t i = 0; i < n_groups; i++) {
		int r = kt_workers_check(groups[i], err);

		if (r < 0)
			return kt_err_context(err, r, "before the start");
	}
	kt_gate_open(gate);
	return 0;
}

/* Whether the process is dead, by `deadline_ns` at the latest. */
static bool workers_await_death(pid_t pid, uint64_t deadline_ns)
{
	_cleanup_close_ int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t now;
	int n;

	if (fd < 0)
		return errno == ESRCH;
	do {
		now = kt_now_ns();
		n = poll(&p, 1,
			 now < deadline_ns ?
				 (int)((deadline_ns - now + 999999) / 1000000) :
				 0);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

static void workers_reap(struct kt_workers *group, uint32_t i, uint64_t end_ns,
			 uint64_t cpu_ns, uint64_t delay_ns)
{
	struct ktstr_worker_report *report = &group->reports[i];
	struct rusage usage = { 0 };

	*report = (struct ktstr_worker_report){
		.index = i,
		.pid = group->pids[i],
		.group = group->spec->name,
	};
	if (!workers_await_death(group->pids[i],
				 kt_now_ns() + WORKERS_DIE_MS * 1000000ULL) ||
	    wait4(group->pids[i], &report->wait_status, 0, &usage) < 0)
		report->wait_status = -1;
	/* Of one that died before anybody could look. */
	if (!cpu_ns)
		cpu_ns = (uint64_t)(usage.ru_utime.tv_sec +
				    usage.ru_stime.tv_sec) *
				 1000000000 +
			 (uint64_t)(usage.ru_utime.tv_usec +
				    usage.ru_stime.tv_usec) *
				 1000;
	kt_slot_report(&group->shared->slots[i], end_ns, cpu_ns, delay_ns,
		       report);
	if (group->ops->clean && report->wait_status != -1)
		group->ops->clean(group->shared->slots[i].left);
}

static void workers_stop_one(struct kt_workers *group, uint32_t i,
			     uint64_t deadline_ns)
{
	uint64_t cpu_ns = 0, delay_ns = 0, end_ns;

	if (!kt_gate_is_open(group->gate) ||
	    !workers_await_death(group->pids[i], deadline_ns)) {
		(void)kt_schedstat_read(group->pids[i], &cpu_ns, &delay_ns);
		end_ns = kt_now_ns();
		kill(group->pids[i], SIGKILL);
	} else {
		end_ns = kt_now_ns();
	}
	workers_reap(group, i, end_ns, cpu_ns, delay_ns);
}

void kt_workers_tell(struct kt_workers *group)
{
	atomic_store(&group->shared->stop, 1);
	kt_wake_word(&group->shared->stop, INT_MAX);
}

uint64_t kt_workers_started_ns(const struct kt_workers *group)
{
	return kt_gate_is_open(group->gate) ? group->gate->opened_ns : 0;
}

void kt_workers_stop(struct kt_workers *group, uint32_t timeout_ms,
		     const struct ktstr_worker_report **ret, size_t *ret_n)
{
	uint64_t deadline_ns = kt_now_ns() + timeout_ms * 1000000ULL;

	if (!group->stopped) {
		kt_workers_tell(group);
		for (uint32_t i = 0; i < group->n; i++)
			workers_stop_one(group, i, deadline_ns);
		group->stopped = true;
	}
	*ret = group->reports;
	*ret_n = group->n;
}

uint64_t kt_workers_units(const struct kt_workers *group, uint32_t index)
{
	return *(volatile uint64_t *)&group->shared->slots[index].work_units;
}

const struct kt_set *kt_workers_set(const struct kt_workers *group, uint32_t index)
{
	return &group->sets[index];
}

void kt_workers_free(struct kt_workers *group)
{
	const struct ktstr_worker_report *reports;
	size_t n;

	if (!group)
		return;
	if (group->shared) {
		kt_workers_stop(group, 0, &reports, &n);
		munmap(group->shared, group->shared_bytes);
	}
	free(group->pids);
	free(group->reports);
	free(group);
}
