// SPDX-License-Identifier: GPL-2.0-only
#include "workload/gate.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "base/fd.h"

struct kt_gate *kt_gate_new(void)
{
	void *p = mmap(NULL, sizeof(struct kt_gate), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void kt_gate_free(struct kt_gate *gate)
{
	if (gate)
		munmap(gate, sizeof(*gate));
}

bool kt_gate_is_open(const struct kt_gate *gate)
{
	return atomic_load(&gate->open);
}

void kt_gate_wait(struct kt_gate *gate)
{
	/* Without a bound: the worker dies with its parent, or by its hand. */
	while (!kt_gate_is_open(gate))
		syscall(SYS_futex, &gate->open, FUTEX_WAIT, 0, NULL, NULL, 0);
}

void kt_gate_open(struct kt_gate *gate)
{
	if (kt_gate_is_open(gate))
		return;
	gate->opened_ns = kt_now_ns();
	atomic_store(&gate->open, 1);
	syscall(SYS_futex, &gate->open, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
