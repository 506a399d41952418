// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>

#include "made_up_kernel.h"
#include "messages.h"

static void a_kernel_is_found_wherever_it_was_moved_to(void **state)
{
	struct made_up_kernel_guest made_up = { 0 };
	struct kt_guest_kernel *kernel = &made_up.kernel;
	uint64_t value;

	(void)state;
	made_up_kernel_init(&made_up, KERNEL_NEW);
	assert_int_equal(
		kernel->view.paging.root_gpa,
		made_up_guest_gpa(
			made_up.guest.symbols.address[KT_SYMBOL_ROOT_TABLE]));
	assert_int_equal(kernel->view.paging.va_bits, 48);
	for (uint32_t cpu = 0; cpu < MADE_UP_CPUS; cpu++) {
		made_up_guest_put64(&made_up.guest, made_up_rq(cpu) + RQ_CLOCK,
				    1000 + cpu);
		assert_int_equal(
			kt_guest_kernel_get(
				kernel,
				kt_guest_kernel_per_cpu(
					kernel,
					kernel->symbols.address[KT_SYMBOL_RUNQUEUES],
					cpu),
				KT_RQ_CLOCK, &value),
			0);
		assert_int_equal(value, 1000 + cpu);
	}
	assert_int_equal(kt_guest_kernel_get(kernel, made_up_rq(0),
					     KT_SCX_EVENT_STATS_CPU, &value),
			 -ENOENT);
	assert_int_equal(kt_guest_kernel_get(kernel, 0, KT_RQ_CLOCK, &value),
			 -EFAULT);
	made_up_kernel_deinit(&made_up);
}

/* One thing is not as it should be: the message says which. */
static void refused(struct made_up_kernel_guest *made_up, int code)
{
	struct ktstr_error err = { 0 };

	assert_int_equal(made_up_kernel_open(made_up, &err), code);
	message_seen(err.message);
}

static void what_a_lying_guest_says_is_refused(void **state)
{
	/* Null, the user's half, no address, above the image, unaligned. */
	static const uint64_t lies[] = {
		0,
		0x400000,
		0x7fff800000000000,
		0x8000000000000000,
		0xffffffff00000000,
		0xfffffffffffffff8,
		0xffffffff81012341,
	};
	static const enum kt_kernel_symbol symbols[] = {
		KT_SYMBOL_PHYS_BASE,
		KT_SYMBOL_ROOT_TABLE,
		KT_SYMBOL_PER_CPU_OFFSET,
	};
	struct made_up_kernel_guest made_up = { 0 };

	(void)state;
	made_up_kernel_prepare(&made_up, KERNEL_NEW);
	for (size_t i = 0; i < 3; i++) {
		uint64_t *address = &made_up.guest.symbols.address[symbols[i]];
		uint64_t truth = *address;

		for (size_t j = 0; j < sizeof(lies) / sizeof(lies[0]); j++) {
			*address = lies[j];
			/* An unaligned one is read like any other. */
			if (i == 2 && lies[j] % 8)
				continue;
			refused(&made_up, lies[j] ? -EBADMSG : -ENOENT);
		}
		*address = truth;
	}
	made_up.guest.symbols.address[KT_SYMBOL_MAP_IDR] = 0xffff888000000000;
	refused(&made_up, -EBADMSG);
	made_up_kernel_deinit(&made_up);
}

/* It holds the right value, but what it says of the tables is not so. */
static void a_phys_base_that_leads_nowhere_is_passed_over(void **state)
{
	struct made_up_kernel_guest made_up = { 0 };
	struct ktstr_error err;
	uint64_t decoy, base;

	(void)state;
	made_up_kernel_prepare(&made_up, KERNEL_NEW);
	base = made_up_guest_gpa(
		made_up.guest.symbols.address[KT_SYMBOL_PHYS_BASE]);
	for (decoy = base - (4u << 20); decoy < base; decoy += 2u << 20) {
		uint64_t value =
			decoy -
			(made_up.guest.symbols.address[KT_SYMBOL_PHYS_BASE] -
			 GUEST_LINK_BASE);

		memcpy(kt_guest_memory_at(&made_up.guest.memory, decoy, 8),
		       &value, 8);
	}
	assert_int_equal(made_up_kernel_open(&made_up, &err), 0);
	kt_guest_kernel_deinit(&made_up.kernel);
	made_up_guest_put64(&made_up.guest,
			    made_up.guest.symbols.address[KT_SYMBOL_PHYS_BASE],
			    1);
	refused(&made_up, -EBADMSG);
	made_up_kernel_deinit(&made_up);
}

static void cpus_past_the_end_of_memory_are_refused(void **state)
{
	struct made_up_kernel_guest made_up = { 0 };

	(void)state;
	made_up_kernel_prepare(&made_up, KERNEL_NEW);
	made_up.guest.symbols.address[KT_SYMBOL_PER_CPU_OFFSET] =
		GUEST_IMAGE_VA + GUEST_IMAGE_BYTES - 16;
	refused(&made_up, -EBADMSG);
	made_up_kernel_deinit(&made_up);
}

static void symbols_are_taken_by_name(void **state)
{
	const char *const *names = kt_kernel_symbol_names();
	struct kt_kernel_symbols symbols = { 0 };
	size_t n = 0;

	(void)state;
	for (; names[n]; n++)
		kt_kernel_symbols_set(&symbols, names[n], n + 1);
	assert_int_equal(n, KT_N_SYMBOLS);
	kt_kernel_symbols_set(&symbols, "no_such", 99);
	kt_kernel_symbols_set(&symbols, "", 99);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(symbols.address[i], i + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kernel_is_found_wherever_it_was_moved_to),
		cmocka_unit_test(what_a_lying_guest_says_is_refused),
		cmocka_unit_test(a_phys_base_that_leads_nowhere_is_passed_over),
		cmocka_unit_test(cpus_past_the_end_of_memory_are_refused),
		cmocka_unit_test(symbols_are_taken_by_name),
		messages_test("monitor_kernel"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
