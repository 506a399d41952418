// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "monitor/tasks.h"

#define PID_MAX_LIMIT (4 * 1024 * 1024)

/* <linux/sched.h>: what of a state is reported, and the two that make "I". */
#define TASK_REPORT 0x7fu
#define TASK_IDLE   0x402u
#define REPORT_IDLE 0x80u

struct walk {
	struct kt_guest_kernel *kernel;
	int (*visit)(void *userdata, const struct kt_task *task);
	void *userdata;
	uint32_t n_steps;
};

static uint64_t offset_of(const struct kt_guest_kernel *kernel,
			  enum kt_layout_id id)
{
	return kt_member_offset(&kernel->layout->member[id]);
}

static char letter_of(uint32_t state, uint32_t exit_state)
{
	static const char letters[] = "RSDTtXZPI";
	uint32_t report = (state | exit_state) & TASK_REPORT;
	unsigned int index = 0;

	if ((state & TASK_IDLE) == TASK_IDLE)
		report = REPORT_IDLE;
	while (report >> index)
		index++;
	return letters[index];
}

static int get32(struct kt_guest_kernel *kernel, uint64_t task,
		 enum kt_layout_id id, uint32_t *ret)
{
	uint64_t value;
	int r = kt_guest_kernel_get(kernel, task, id, &value);

	if (!r)
		*ret = (uint32_t)value;
	return r;
}

static int read_task(struct kt_guest_kernel *kernel, uint64_t address,
		     struct kt_task *ret)
{
	uint32_t state, exit_state;
	const struct {
		enum kt_layout_id id;
		uint32_t *value;
	} parts[] = {
		{ KT_TASK_PID, (uint32_t *)&ret->pid },
		{ KT_TASK_TGID, (uint32_t *)&ret->tgid },
		{ KT_TASK_STATE, &state },
		{ KT_TASK_EXIT_STATE, &exit_state },
		{ KT_TASK_CPU, &ret->cpu },
		{ KT_TASK_POLICY, &ret->policy },
		{ KT_TASK_PRIO, (uint32_t *)&ret->prio },
	};

	*ret = (struct kt_task){ .address = address };
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int r = get32(kernel, address, parts[i].id, parts[i].value);

		if (r)
			return r;
	}
	if (ret->pid < 1 || ret->pid > PID_MAX_LIMIT || ret->tgid < 1 ||
	    ret->tgid > PID_MAX_LIMIT || ret->cpu >= kernel->n_cpus)
		return -ERANGE;
	ret->state = letter_of(state, exit_state);
	return kt_view_text(&kernel->view,
			    address + offset_of(kernel, KT_TASK_COMM),
			    ret->comm, sizeof(ret->comm));
}

/* What the next of a list is embedded in; 0 at its end. A struct list_head has
 * its pointer to the next first. */
static int next_of(struct walk *walk, uint64_t member, uint64_t head,
		   uint64_t offset, uint64_t *ret)
{
	uint64_t next;
	int r = kt_view_u64(&walk->kernel->view, member, &next);

	if (r)
		return r;
	if (++walk->n_steps > KT_TASKS_MAX)
		return -ELOOP;
	*ret = next == head ? 0 : next - offset;
	return 0;
}

/* The leader itself among them. */
static int walk_threads(struct walk *walk, uint64_t leader)
{
	struct kt_guest_kernel *kernel = walk->kernel;
	uint64_t node = offset_of(kernel, KT_TASK_THREAD_NODE);
	uint64_t signal, head, task;
	int r = kt_guest_kernel_get(kernel, leader, KT_TASK_SIGNAL, &signal);

	if (r)
		return r;
	head = signal + offset_of(kernel, KT_SIGNAL_THREAD_HEAD);
	r = next_of(walk, head, head, node, &task);
	while (!r && task) {
		struct kt_task seen;

		r = read_task(kernel, task, &seen);
		if (!r)
			r = walk->visit(walk->userdata, &seen);
		if (!r)
			r = next_of(walk, task + node, head, node, &task);
	}
	return r;
}

int kt_tasks_walk(struct kt_guest_kernel *kernel,
		  int (*visit)(void *userdata, const struct kt_task *task),
		  void *userdata)
{
	static const enum kt_layout_id needed[] = {
		KT_TASK_TASKS,
		KT_TASK_THREAD_NODE,
		KT_SIGNAL_THREAD_HEAD,
		KT_TASK_COMM,
	};
	struct walk walk = { kernel, visit, userdata, 0 };
	uint64_t init = kernel->symbols.address[KT_SYMBOL_INIT_TASK];
	uint64_t tasks, leader;
	int r;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (!kernel->layout->has[needed[i]])
			return -ENOENT;
	}
	if (!init)
		return -ENOENT;
	tasks = offset_of(kernel, KT_TASK_TASKS);
	r = next_of(&walk, init + tasks, init + tasks, tasks, &leader);
	while (!r && leader) {
		r = walk_threads(&walk, leader);
		if (!r)
			r = next_of(&walk, leader + tasks, init + tasks, tasks,
				    &leader);
	}
	return r;
}
