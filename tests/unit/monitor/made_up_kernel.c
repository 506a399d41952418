// SPDX-License-Identifier: GPL-2.0-only
#include "made_up_kernel.h"

#include "test.h"

#define VARIABLES     (GUEST_IMAGE_VA + 0x20000)
#define RUNQUEUES     0x3000ULL /* an offset, as before v6.15 */
#define PER_CPU(cpu_) (GUEST_IMAGE_VA + 0x40000 + (cpu_)*0x8000ULL)
#define SCX_PCPU      0x5000ULL

uint64_t made_up_rq(uint32_t cpu)
{
	return PER_CPU(cpu) + RUNQUEUES;
}

uint64_t made_up_scx_root(void)
{
	return VARIABLES + 0x800;
}

uint64_t made_up_scx_sched(void)
{
	return VARIABLES + 0x1000;
}

uint64_t made_up_watchdog(enum made_up_kernel which)
{
	return which == KERNEL_NEW ? made_up_scx_sched() + SCX_SCHED_WATCHDOG :
				     VARIABLES + 0x900;
}

uint64_t made_up_counters(uint32_t cpu, enum made_up_kernel which)
{
	return PER_CPU(cpu) + SCX_PCPU +
	       (which == KERNEL_NEW ? SCX_PCPU_STATS : 0);
}

void made_up_kernel_prepare(struct made_up_kernel_guest *made_up,
			    enum made_up_kernel which)
{
	struct made_up_guest *guest = &made_up->guest;

	made_up_guest_init_kernel(guest);
	guest->btf = made_up_types(which);
	made_up->btf = btf__raw_data(guest->btf, &made_up->btf_bytes);
	assert_non_null(made_up->btf);
	assert_int_equal(kt_kernel_types_init(&made_up->types, made_up->btf,
					      made_up->btf_bytes, NULL),
			 0);
	guest->symbols.address[KT_SYMBOL_RUNQUEUES] = RUNQUEUES;
	guest->symbols.address[KT_SYMBOL_PER_CPU_OFFSET] = VARIABLES;
	guest->symbols.address[KT_SYMBOL_SCX_ROOT] = made_up_scx_root();
	if (which != KERNEL_NEW)
		guest->symbols.address[KT_SYMBOL_SCX_WATCHDOG_TIMEOUT] =
			made_up_watchdog(which);
	for (uint32_t cpu = 0; cpu < MADE_UP_CPUS; cpu++)
		made_up_guest_put64(guest, VARIABLES + cpu * 8, PER_CPU(cpu));
	made_up_guest_put64(guest, made_up_scx_sched() + SCX_SCHED_COUNTERS,
			    SCX_PCPU);
}

int made_up_kernel_open(struct made_up_kernel_guest *made_up,
			struct ktstr_error *err)
{
	return kt_guest_kernel_init(&made_up->kernel, &made_up->guest.memory,
				    &made_up->guest.symbols, &made_up->types,
				    MADE_UP_CPUS, err);
}

void made_up_kernel_init(struct made_up_kernel_guest *made_up,
			 enum made_up_kernel which)
{
	struct ktstr_error err = { 0 };

	made_up_kernel_prepare(made_up, which);
	if (made_up_kernel_open(made_up, &err) < 0)
		fail_msg("%s", err.message);
}

void made_up_kernel_deinit(struct made_up_kernel_guest *made_up)
{
	kt_guest_kernel_deinit(&made_up->kernel);
	kt_kernel_types_deinit(&made_up->types);
	made_up_guest_deinit(&made_up->guest);
}
