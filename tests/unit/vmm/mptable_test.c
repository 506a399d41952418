// SPDX-License-Identifier: GPL-2.0-only
#include "golden.h"

#include "shape.h"
#include "vmm/x86_64/mptable.h"

static uint8_t buffer[KT_MP_BYTES];

static uint32_t le(const uint8_t *p, unsigned int bytes)
{
	uint32_t value = 0;

	for (unsigned int i = bytes; i--;)
		value = value << 8 | p[i];
	return value;
}

static uint8_t sum(const uint8_t *p, size_t bytes)
{
	uint8_t total = 0;

	while (bytes--)
		total = (uint8_t)(total + *p++);
	return total;
}

static void add_entry(struct kt_strbuf *text, const uint8_t *e)
{
	switch (e[0]) {
	case 0:
		kt_strbuf_addf(text,
			       "processor: apic id %u, version 0x%x, flags "
			       "0x%x, signature 0x%x, features 0x%x\n",
			       e[1], e[2], e[3], le(e + 4, 4), le(e + 8, 4));
		break;
	case 1:
		kt_strbuf_addf(text, "bus %u: \"%.6s\"\n", e[1],
			       (const char *)e + 2);
		break;
	case 2:
		kt_strbuf_addf(text,
			       "ioapic: id %u, version 0x%x, flags 0x%x, at "
			       "0x%x\n",
			       e[1], e[2], e[3], le(e + 4, 4));
		break;
	default:
		kt_strbuf_addf(text,
			       "%s interrupt: kind %u, flags %u, bus %u irq %u "
			       "-> apic %u pin %u\n",
			       e[0] == 3 ? "io" : "local", e[1], le(e + 2, 2),
			       e[4], e[5], e[6], e[7]);
	}
}

/* Finds and reads the table as a kernel does. */
static void describe(struct kt_strbuf *text)
{
	const uint8_t *pointer = buffer + KT_MP_POINTER_GPA - KT_MP_TABLE_GPA;
	const uint8_t *table, *e;
	uint32_t n;

	assert_memory_equal(pointer, "_MP_", 4);
	assert_int_equal(sum(pointer, 16), 0);
	table = buffer + le(pointer + 4, 4) - KT_MP_TABLE_GPA;
	assert_memory_equal(table, "PCMP", 4);
	assert_int_equal(sum(table, le(table + 4, 2)), 0);
	n = le(table + 34, 2);
	kt_strbuf_addf(text,
		       "pointer: table 0x%x, length %u, revision %u, features "
		       "%u %u\n"
		       "table: %u bytes, revision %u, \"%.8s\" \"%.12s\", %u "
		       "entries, local apic at 0x%x\n",
		       le(pointer + 4, 4), pointer[8], pointer[9], pointer[11],
		       pointer[12], le(table + 4, 2), table[6],
		       (const char *)table + 8, (const char *)table + 16, n,
		       le(table + 36, 4));
	e = table + 44;
	for (uint32_t i = 0; i < n; i++) {
		assert_true(e[0] <= 4);
		add_entry(text, e);
		e += e[0] == 0 ? 20 : 8;
	}
	assert_ptr_equal(e, table + le(table + 4, 2));
}

static void golden(const char *name)
{
	_cleanup_topology_ struct kt_topology *topology = shape(name, 256);
	_cleanup_strbuf_ struct kt_strbuf text = {0};
	char path[128];

	assert_true(kt_mptable_write(topology, buffer));
	describe(&text);
	snprintf(path, sizeof(path), "x86_64/mptable-%s.txt", name);
	assert_golden(path, kt_strbuf_text(&text));
}

static void tables_equal_the_golden_files(void **state)
{
	(void)state;
	golden("1n1l1c1t");
	golden("1n2l2c2t");
	golden("1n3l3c1t");
}

static void the_largest_table_fits(void **state)
{
	_cleanup_topology_ struct kt_topology *topology =
		shape("1n254l1c1t", 256);
	_cleanup_strbuf_ struct kt_strbuf text = {0};

	(void)state;
	memset(buffer, 0xaa, sizeof(buffer));
	assert_true(kt_mptable_write(topology, buffer));
	describe(&text);
	assert_contains(text.data, "processor: apic id 253, ");
}

static void ids_beyond_a_byte_have_no_table(void **state)
{
	_cleanup_topology_ struct kt_topology *edge = shape("1n255l1c1t", 256),
					      *over = shape("1n256l1c1t", 256),
					      *holes = shape("1n14l9c2t", 256);

	(void)state;
	assert_true(kt_mptable_write(edge, buffer)); /* the highest is 254 */
	memset(buffer, 0xaa, sizeof(buffer));
	assert_false(kt_mptable_write(over, buffer));
	assert_false(kt_mptable_write(holes, buffer));
	for (size_t i = 0; i < sizeof(buffer); i++)
		assert_int_equal(buffer[i], 0xaa);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_equal_the_golden_files),
		cmocka_unit_test(the_largest_table_fits),
		cmocka_unit_test(ids_beyond_a_byte_have_no_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
