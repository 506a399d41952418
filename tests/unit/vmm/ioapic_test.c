// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include "test.h"
#include "vmm/x86_64/ioapic.h"

#define SELECT 0x00
#define WINDOW 0x10
#define EOI    0x40
#define MASKED (1u << 16)
#define LEVEL  (1u << 15)

struct routes {
	int calls;
	struct kt_msi msis[KT_IOAPIC_PINS];
};

static void keep(void *userdata, const struct kt_msi *msis, size_t n_msis)
{
	struct routes *routes = userdata;

	assert_int_equal(n_msis, KT_IOAPIC_PINS);
	routes->calls++;
	memcpy(routes->msis, msis, sizeof(routes->msis));
}

static void put(struct kt_ioapic *ioapic, uint32_t reg, uint32_t value)
{
	kt_ioapic_ops.write(ioapic, SELECT, &reg, 4);
	kt_ioapic_ops.write(ioapic, WINDOW, &value, 4);
}

static uint32_t get(struct kt_ioapic *ioapic, uint32_t reg)
{
	uint32_t value = 0xdeadbeef;

	kt_ioapic_ops.write(ioapic, SELECT, &reg, 4);
	kt_ioapic_ops.read(ioapic, WINDOW, &value, 4);
	return value;
}

static uint32_t low(uint32_t pin)
{
	return 0x10 + 2 * pin;
}

static uint32_t high(uint32_t pin)
{
	return 0x11 + 2 * pin;
}

static void it_starts_masked_and_says_what_it_is(void **state)
{
	struct kt_ioapic *ioapic;
	struct routes routes = {};

	(void)state;
	assert_int_equal(kt_ioapic_create(keep, &routes, &ioapic), 0);
	assert_int_equal(get(ioapic, 1), 0x20 | 23 << 16);
	for (uint32_t pin = 0; pin < KT_IOAPIC_PINS; pin++)
		assert_int_equal(get(ioapic, low(pin)), MASKED);
	put(ioapic, 0, 0x0f000000);
	assert_int_equal(get(ioapic, 0), 0x0f000000);
	assert_int_equal(routes.calls, 0);
	kt_ioapic_destroy(ioapic);
	kt_ioapic_destroy(NULL);
}

static void an_entry_becomes_a_message(void **state)
{
	struct kt_ioapic *ioapic;
	struct routes routes = {};

	(void)state;
	assert_int_equal(kt_ioapic_create(keep, &routes, &ioapic), 0);
	put(ioapic, high(5), 3u << 24);
	assert_true(routes.msis[5].address == 0); /* still masked */
	put(ioapic, low(5), 0x31);
	assert_true(routes.msis[5].address == 0xfee03000);
	assert_int_equal(routes.msis[5].data, 0x31);
	assert_true(routes.msis[4].address == 0);
	put(ioapic, low(5), MASKED | 0x31);
	assert_true(routes.msis[5].address == 0);
	kt_ioapic_destroy(ioapic);
}

static void writing_the_same_again_changes_no_route(void **state)
{
	struct kt_ioapic *ioapic;
	struct routes routes = {};

	(void)state;
	assert_int_equal(kt_ioapic_create(keep, &routes, &ioapic), 0);
	put(ioapic, low(1), 0x31);
	assert_int_equal(routes.calls, 1);
	put(ioapic, low(1), 0x31);
	assert_int_equal(routes.calls, 1);
	kt_ioapic_destroy(ioapic);
}

static void a_destination_above_255_takes_the_extended_bits(void **state)
{
	/* APIC id 433: low byte 0xb1 in bits 56-63, 1 in bits 49-55. */
	struct kt_msi msi = kt_ioapic_message(0xb1ULL << 56 | 1ULL << 49 | 0x42);

	(void)state;
	assert_true(msi.address == (0x100ULL << 32 | 0xfeeb1000));
	msi = kt_ioapic_message(0xffULL << 56 | 0x7fULL << 49 | 0x42);
	assert_true(msi.address == (0x7f0000000000ULL | 0xfeeff000));
}

static void delivery_and_mode_go_along(void **state)
{
	/* Logical destination, lowest priority. */
	struct kt_msi msi =
		kt_ioapic_message(1ULL << 56 | 1ULL << 11 | 1ULL << 8 | 0x22);

	(void)state;
	assert_true(msi.address == 0xfee01004);
	assert_int_equal(msi.data, 0x122);
	msi = kt_ioapic_message(LEVEL | 0x23);
	assert_int_equal(msi.data, 0xc023);
}

static void the_guest_cannot_write_status_bits(void **state)
{
	struct kt_ioapic *ioapic;
	struct routes routes = {};
	uint8_t vector = 0x31;

	(void)state;
	assert_int_equal(kt_ioapic_create(keep, &routes, &ioapic), 0);
	put(ioapic, low(2), LEVEL | 1u << 12 | 1u << 14 | 0x31);
	assert_int_equal(get(ioapic, low(2)), LEVEL | 0x31);
	kt_ioapic_eoi(ioapic, vector);
	kt_ioapic_ops.write(ioapic, EOI, &vector, 1);
	assert_int_equal(get(ioapic, low(2)), LEVEL | 0x31);
	kt_ioapic_destroy(ioapic);
}

static void registers_that_do_not_exist_float(void **state)
{
	struct kt_ioapic *ioapic;
	struct routes routes = {};
	uint64_t wide = 0;

	(void)state;
	assert_int_equal(kt_ioapic_create(keep, &routes, &ioapic), 0);
	for (uint32_t reg = 0x10 + 2 * KT_IOAPIC_PINS; reg < 0x100; reg++) {
		put(ioapic, reg, 0x31);
		assert_int_equal(get(ioapic, reg), UINT32_MAX);
	}
	assert_int_equal(get(ioapic, 3), UINT32_MAX);
	assert_int_equal(routes.calls, 0);
	kt_ioapic_ops.write(ioapic, 0xff8, &wide, 8);
	wide = UINT64_MAX;
	kt_ioapic_ops.read(ioapic, 0xff8, &wide, 8);
	assert_true(wide == 0);
	kt_ioapic_destroy(ioapic);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_starts_masked_and_says_what_it_is),
		cmocka_unit_test(an_entry_becomes_a_message),
		cmocka_unit_test(writing_the_same_again_changes_no_route),
		cmocka_unit_test(a_destination_above_255_takes_the_extended_bits),
		cmocka_unit_test(delivery_and_mode_go_along),
		cmocka_unit_test(the_guest_cannot_write_status_bits),
		cmocka_unit_test(registers_that_do_not_exist_float),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
