// SPDX-License-Identifier: GPL-2.0-only
#include "golden.h"

#include "shape.h"
#include "vmm/x86_64/apic_id.h"
#include "vmm/x86_64/cpuid.h"

#define INDEXED KT_CPUID_INDEXED

/* What a KVM host of each kind reports, cut down to what matters here. */
static const struct kt_cpuid_entry intel_host[] = {
	{ 0x0, 0, 0, 0x20, 0x756e6547, 0x6c65746e, 0x49656e69 },
	{ 0x1, 0, 0, 0x000606a6, 0x0b400800, 0xfffab223, 0x1f8bfbff },
	{ 0x2, 0, 0, 0x00feff01, 0xf0, 0, 0 },
	{ 0x4, 0, INDEXED, 0xfc004121, 0x02c0003f, 0x3f, 0 },
	{ 0x4, 1, INDEXED, 0xfc004122, 0x01c0003f, 0x3f, 0 },
	{ 0x4, 2, INDEXED, 0xfc004143, 0x04c0003f, 0x3ff, 0 },
	{ 0x4, 3, INDEXED, 0xfc1fc163, 0x0300003f, 0xffff, 4 },
	{ 0x4, 4, INDEXED, 0, 0, 0, 0 },
	{ 0x7, 0, INDEXED, 2, 0xf1bf07ab, 0x00405fde, 0xbc000400 },
	{ 0xa, 0, 0, 0x08300805, 0, 0xf, 0x8604 },
	{ 0xb, 0, INDEXED, 0, 0, 0, 0x2b },
	{ 0xd, 0, INDEXED, 0x2e7, 0x340, 0xa88, 0 },
	{ 0x1f, 0, INDEXED, 0, 0, 0, 0x2b },
	{ 0x40000000, 0, 0, 0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d },
	{ 0x40000001, 0, 0, 0x01007efb, 0, 0, 0 },
	{ 0x80000000, 0, 0, 0x80000008, 0, 0, 0 },
	{ 0x80000001, 0, 0, 0, 0, 0x121, 0x2c100800 },
	{ 0x80000008, 0, 0, 0x3039, 0, 0, 0 },
};

static const struct kt_cpuid_entry amd_host[] = {
	{ 0x0, 0, 0, 0x10, 0x68747541, 0x444d4163, 0x69746e65 },
	{ 0x1, 0, 0, 0x00830f10, 0x2b400800, 0xfed83203, 0x178bfbff },
	{ 0x7, 0, INDEXED, 0, 0x219c91a9, 0x00400004, 0 },
	{ 0xd, 0, INDEXED, 0x7, 0x340, 0x340, 0 },
	{ 0x40000000, 0, 0, 0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d },
	{ 0x40000001, 0, 0, 0x01007efb, 0, 0, 0 },
	{ 0x80000000, 0, 0, 0x80000021, 0x68747541, 0x444d4163, 0x69746e65 },
	{ 0x80000001, 0, 0, 0x00830f10, 0x40000000, 0x004003f3, 0x2fd3fbff },
	{ 0x80000005, 0, 0, 0xff40ff40, 0xff40ff40, 0x20080140, 0x20080140 },
	{ 0x80000006, 0, 0, 0x48006400, 0x68006400, 0x02006140, 0x00209140 },
	{ 0x80000008, 0, 0, 0x3030, 0x0106d205, 0x203f, 0 },
	{ 0x8000001d, 0, INDEXED, 0x00004121, 0x01c0003f, 0x3f, 0 },
	{ 0x8000001d, 1, INDEXED, 0x00004122, 0x01c0003f, 0x3f, 0 },
	{ 0x8000001d, 2, INDEXED, 0x00004143, 0x01c0003f, 0x3ff, 2 },
	{ 0x8000001d, 3, INDEXED, 0x0001c163, 0x03c0003f, 0x3fff, 1 },
	{ 0x8000001d, 4, INDEXED, 0, 0, 0, 0 },
	{ 0x8000001e, 0, 0, 0, 0, 0, 0 },
	{ 0x80000021, 0, 0, 0x4d, 0, 0, 0 },
};

/* The least that can be called a list. */
static const struct kt_cpuid_entry bare_host[] = {
	{ 0x0, 0, 0, 1, 0x756e6547, 0x6c65746e, 0x49656e69 },
};

static const struct kt_cpuid_options plain = { .tsc_deadline = true };

static void make(const struct kt_topology *topology, uint32_t cpu,
		 const struct kt_cpuid_entry *host, size_t n_host,
		 const struct kt_cpuid_options *options,
		 struct kt_cpuid_list *ret)
{
	struct ktstr_error err = { 0 };

	if (kt_cpuid_make(topology, cpu, options, host, n_host, ret, &err) < 0)
		fail_msg("%s", err.message);
}

static const struct kt_cpuid_entry *leaf(const struct kt_cpuid_list *list,
					 uint32_t function, uint32_t index)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->entries[i].function == function &&
		    list->entries[i].index == index)
			return &list->entries[i];
	}
	fail_msg("no leaf 0x%x.%u", function, index);
	return NULL;
}

static bool has_leaf(const struct kt_cpuid_list *list, uint32_t function)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->entries[i].function == function)
			return true;
	}
	return false;
}

static int by_function(const void *a, const void *b)
{
	const struct kt_cpuid_entry *x = a, *y = b;

	if (x->function != y->function)
		return x->function < y->function ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static void add_entry(struct kt_strbuf *text, const struct kt_cpuid_entry *e)
{
	kt_strbuf_addf(text, "  %08x", e->function);
	if (e->flags & INDEXED)
		kt_strbuf_addf(text, ".%" PRIx32, e->index);
	else
		kt_strbuf_add(text, "  ");
	kt_strbuf_addf(text, "  eax %08x ebx %08x ecx %08x edx %08x\n", e->eax,
		       e->ebx, e->ecx, e->edx);
}

/* Whether a golden file shows this CPU: with many, one an LLC and the last. */
static bool is_shown(const struct kt_topology *topology, uint32_t cpu)
{
	struct kt_topology_place place = kt_topology_cpu(topology, cpu);

	return topology->n_cpus <= 16 || cpu + 1 == topology->n_cpus ||
	       cpu == topology->llcs[place.llc].first_cpu;
}

/* All of CPU 0, then of each other CPU what differs from it. */
static void describe(const struct kt_topology *topology,
		     const struct kt_cpuid_entry *host, size_t n_host,
		     const struct kt_cpuid_options *options,
		     struct kt_strbuf *text)
{
	static struct kt_cpuid_list first, list;

	for (uint32_t cpu = 0; cpu < topology->n_cpus; cpu++) {
		struct kt_topology_place place = kt_topology_cpu(topology, cpu);

		if (!is_shown(topology, cpu))
			continue;
		make(topology, cpu, host, n_host, options, &list);
		qsort(list.entries, list.n, sizeof(list.entries[0]), by_function);
		kt_strbuf_addf(text,
			       "cpu %u: node %u llc %u core %u thread %u, "
			       "apic id 0x%x\n",
			       cpu, place.node, place.llc, place.core,
			       place.thread, kt_apic_id(topology, cpu));
		if (cpu == 0)
			first = list;
		assert_int_equal(list.n, first.n);
		for (size_t i = 0; i < list.n; i++) {
			if (cpu == 0 ||
			    memcmp(&list.entries[i], &first.entries[i],
				   sizeof(list.entries[i])) != 0)
				add_entry(text, &list.entries[i]);
		}
	}
}

static void golden(const char *text)
{
	_cleanup_topology_ struct kt_topology *topology = shape(text, 256);
	_cleanup_strbuf_ struct kt_strbuf intel = { 0 }, amd = { 0 };
	char name[256];

	describe(topology, intel_host, KT_ARRAY_SIZE(intel_host), &plain, &intel);
	snprintf(name, sizeof(name), "x86_64/cpuid-intel-%s.txt", text);
	assert_golden(name, kt_strbuf_text(&intel));

	describe(topology, amd_host, KT_ARRAY_SIZE(amd_host), &plain, &amd);
	snprintf(name, sizeof(name), "x86_64/cpuid-amd-%s.txt", text);
	assert_golden(name, kt_strbuf_text(&amd));
}

static void golden_foreign(const char *name, enum kt_cpuid_vendor vendor,
			   const struct kt_cpuid_entry *host, size_t n_host)
{
	const struct kt_cpuid_options options = { .vendor = vendor };
	_cleanup_topology_ struct kt_topology *topology = shape("1n2l2c2t", 256);
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };

	describe(topology, host, n_host, &options, &text);
	assert_golden(name, kt_strbuf_text(&text));
}

static void leaves_equal_the_golden_files(void **state)
{
	(void)state;
	golden("1n1l1c1t");
	golden("1n2l2c2t");
	golden("1n3l3c1t");
	golden("2n4l2c1t");
	golden("1n14l9c2t");
	golden_foreign("x86_64/cpuid-intel-on-amd.txt", KT_CPUID_VENDOR_INTEL,
		       amd_host, KT_ARRAY_SIZE(amd_host));
	golden_foreign("x86_64/cpuid-amd-on-intel.txt", KT_CPUID_VENDOR_AMD,
		       intel_host, KT_ARRAY_SIZE(intel_host));
}

static void apic_ids_leave_holes_for_odd_counts(void **state)
{
	_cleanup_topology_ struct kt_topology *odd = shape("1n3l3c1t", 256);
	_cleanup_topology_ struct kt_topology *large = shape("1n14l9c2t", 256);
	const uint32_t expected[] = { 0, 1, 2, 4, 5, 6, 8, 9, 10 };

	(void)state;
	for (uint32_t cpu = 0; cpu < 9; cpu++)
		assert_int_equal(kt_apic_id(odd, cpu), expected[cpu]);
	assert_int_equal(kt_apic_id_max(odd), 10);
	assert_int_equal(kt_apic_id_max(large), 433);
	assert_int_equal(kt_apic_core_shift(large), 1);
	assert_int_equal(kt_apic_llc_shift(large), 5);
}

/*
 * The rule by which Linux finds the CPUs that share a cache: equal APIC ids
 * after a shift by the order of the sharing count (__cache_cpumap_setup()).
 */
static bool shares(const struct kt_topology *topology, uint32_t a, uint32_t b,
		   uint32_t eax)
{
	uint32_t sharing = (eax >> 14 & 0xfff) + 1, shift = 0;

	while ((1u << shift) < sharing)
		shift++;
	return kt_apic_id(topology, a) >> shift ==
	       kt_apic_id(topology, b) >> shift;
}

static void check_sharing(const char *text)
{
	_cleanup_topology_ struct kt_topology *t = shape(text, 256);
	static struct kt_cpuid_list intel, amd;

	for (uint32_t a = 0; a < t->n_cpus; a++) {
		struct kt_topology_place pa = kt_topology_cpu(t, a);

		make(t, a, intel_host, KT_ARRAY_SIZE(intel_host), &plain, &intel);
		make(t, a, amd_host, KT_ARRAY_SIZE(amd_host), &plain, &amd);
		for (uint32_t b = 0; b < t->n_cpus; b++) {
			struct kt_topology_place pb = kt_topology_cpu(t, b);
			bool same_llc = pa.llc == pb.llc;
			bool same_core = same_llc && pa.core == pb.core;

			for (uint32_t i = 0; i < 4; i++) {
				bool expected = i == 3 ? same_llc : same_core;

				assert_int_equal(
					shares(t, a, b, leaf(&intel, 4, i)->eax),
					expected);
				assert_int_equal(
					shares(t, a, b,
					       leaf(&amd, 0x8000001d, i)->eax),
					expected);
			}
		}
	}
}

static void caches_are_shared_as_declared(void **state)
{
	(void)state;
	check_sharing("1n1l1c1t");
	check_sharing("1n2l2c2t");
	check_sharing("1n3l3c1t");
	check_sharing("1n3l5c2t");
	check_sharing("2n4l7c1t");
	check_sharing("1n2l3c3t");
}

static void no_leaf_is_there_twice(void **state)
{
	_cleanup_topology_ struct kt_topology *t = shape("1n2l2c2t", 256);
	struct kt_cpuid_entry host[KT_ARRAY_SIZE(amd_host) + 2];
	static struct kt_cpuid_list list;

	(void)state;
	memcpy(host, amd_host, sizeof(amd_host));
	host[KT_ARRAY_SIZE(amd_host)] = amd_host[1];
	host[KT_ARRAY_SIZE(amd_host) + 1] = amd_host[13];
	make(t, 1, host, KT_ARRAY_SIZE(host), &plain, &list);
	for (size_t i = 0; i < list.n; i++) {
		for (size_t j = 0; j < i; j++) {
			assert_false(list.entries[i].function ==
					     list.entries[j].function &&
				     list.entries[i].index ==
					     list.entries[j].index);
		}
	}
}

static void threading_bit_needs_more_than_one_cpu(void **state)
{
	_cleanup_topology_ struct kt_topology *one = shape("1n4l1c1t", 256);
	_cleanup_topology_ struct kt_topology *two = shape("1n4l2c1t", 256);
	static struct kt_cpuid_list list;

	(void)state;
	make(one, 3, amd_host, KT_ARRAY_SIZE(amd_host), &plain, &list);
	assert_int_equal(leaf(&list, 1, 0)->edx >> 28 & 1, 0);
	assert_int_equal(leaf(&list, 0x80000001, 0)->ecx >> 1 & 1, 0);
	make(two, 3, amd_host, KT_ARRAY_SIZE(amd_host), &plain, &list);
	assert_int_equal(leaf(&list, 1, 0)->edx >> 28 & 1, 1);
	assert_int_equal(leaf(&list, 0x80000001, 0)->ecx >> 1 & 1, 1);
}

static void a_host_without_caches_gets_plausible_ones(void **state)
{
	_cleanup_topology_ struct kt_topology *t = shape("1n2l2c2t", 256);
	static struct kt_cpuid_list list;
	const uint32_t sizes_kib[] = { 32, 32, 1024, 16384 };

	(void)state;
	make(t, 0, bare_host, 1, &plain, &list);
	for (uint32_t i = 0; i < 4; i++) {
		const struct kt_cpuid_entry *e = leaf(&list, 4, i);
		uint32_t ways = (e->ebx >> 22) + 1, line = (e->ebx & 0xfff) + 1;

		assert_int_equal(ways * line * (e->ecx + 1), sizes_kib[i] * 1024);
	}
	assert_int_equal(leaf(&list, 4, 4)->eax, 0);
	assert_int_equal(leaf(&list, 0, 0)->eax, 0xb);
	assert_true(has_leaf(&list, 0x40000000));
	assert_true(has_leaf(&list, 0x40000001));
	assert_false(has_leaf(&list, 0x1f));
}

static void an_l3_is_added_where_the_host_has_none(void **state)
{
	_cleanup_topology_ struct kt_topology *t = shape("1n2l2c2t", 256);
	struct kt_cpuid_entry host[KT_ARRAY_SIZE(amd_host)];
	static struct kt_cpuid_list list;

	(void)state;
	memcpy(host, amd_host, sizeof(amd_host));
	for (size_t i = 0; i < KT_ARRAY_SIZE(host); i++) {
		if (host[i].function == 0x8000001d && host[i].index == 3)
			host[i].eax = 0;
		if (host[i].function == 0x80000006)
			host[i].edx = 0;
	}
	make(t, 0, host, KT_ARRAY_SIZE(host), &plain, &list);
	assert_int_equal(leaf(&list, 0x8000001d, 3)->eax & 0xff, 0x63);
	assert_int_equal(leaf(&list, 0x8000001d, 4)->eax, 0);
	assert_int_not_equal(leaf(&list, 0x80000006, 0)->edx, 0);
}

static void no_performance_counters_are_offered(void **state)
{
	_cleanup_topology_ struct kt_topology *t = shape("1n1l1c1t", 256);
	static struct kt_cpuid_list list;

	(void)state;
	make(t, 0, intel_host, KT_ARRAY_SIZE(intel_host), &plain, &list);
	assert_int_equal(leaf(&list, 0xa, 0)->eax, 0);
	assert_int_equal(leaf(&list, 0xa, 0)->edx, 0);
}

/* The emulator's processor: AMD by name, with leaf 4 and few leaves else. */
static const struct kt_cpuid_entry emulated_host[] = {
	{ 0x0, 0, 0, 0xd, 0x68747541, 0x444d4163, 0x69746e65 },
	{ 0x1, 0, 0, 0x663, 0x00000800, 0xfeda3203, 0x178bfbff },
	{ 0x4, 0, INDEXED, 0x121, 0x01c0003f, 0x3f, 1 },
	{ 0x4, 1, INDEXED, 0x122, 0x01c0003f, 0x3f, 1 },
	{ 0x4, 2, INDEXED, 0x143, 0x03c0003f, 0xfff, 1 },
	{ 0x4, 3, INDEXED, 0x163, 0x03c0003f, 0x3fff, 6 },
	{ 0x4, 4, INDEXED, 0, 0, 0, 0 },
	{ 0x80000000, 0, 0, 0x8000000a, 0x68747541, 0x444d4163, 0x69746e65 },
	{ 0x80000001, 0, 0, 0x663, 0, 0x3f7, 0x2d93fbff },
};

static void an_old_amd_list_gets_the_leaves_it_lacks(void **state)
{
	_cleanup_topology_ struct kt_topology *t = shape("1n3l3c2t", 256);
	static struct kt_cpuid_list list;

	(void)state;
	make(t, 17, emulated_host, KT_ARRAY_SIZE(emulated_host), &plain, &list);
	assert_int_equal(leaf(&list, 0, 0)->eax, 0xd);
	assert_int_equal(leaf(&list, 0xb, 1)->eax, 3);
	assert_int_equal(leaf(&list, 0xb, 1)->ebx, 6);
	assert_int_equal(leaf(&list, 0xb, 1)->edx, 2 << 3 | 2 << 1 | 1);
	assert_int_equal(leaf(&list, 0x80000000, 0)->eax, 0x8000001e);
	assert_int_equal(leaf(&list, 0x80000001, 0)->ecx >> 22 & 1, 1);
	assert_int_equal(leaf(&list, 0x80000008, 0)->ecx, 3 << 12 | 5);
	assert_int_equal(leaf(&list, 0x8000001d, 3)->eax >> 14 & 0xfff, 7);
	assert_int_equal(leaf(&list, 0x8000001e, 0)->eax, 21);
	assert_int_equal(leaf(&list, 0x8000001e, 0)->ebx, 1 << 8 | 2);
	/* What Linux takes for the LLC's number before family 0x17. */
	assert_int_equal(leaf(&list, 0x8000001e, 0)->ecx, 2);
	/* Leaf 4 is not AMD's, but is there, and must not contradict. */
	assert_int_equal(leaf(&list, 4, 2)->eax >> 14 & 0xfff, 1);
	assert_int_equal(leaf(&list, 4, 3)->eax >> 14 & 0xfff, 7);
	assert_int_equal(leaf(&list, 4, 3)->ecx, 0x3fff);
}

/* Since 6.9 Linux prefers this leaf to 0xB on AMD's processors. */
static void the_extended_topology_leaf_is_filled_where_it_is_in_reach(void **state)
{
	_cleanup_topology_ struct kt_topology *t = shape("1n2l3c2t", 256);
	struct kt_cpuid_entry host[KT_ARRAY_SIZE(amd_host) + 2];
	static struct kt_cpuid_list list;

	(void)state;
	memcpy(host, amd_host, sizeof(amd_host));
	host[KT_ARRAY_SIZE(amd_host)] =
		(struct kt_cpuid_entry){ 0x80000026, 0, INDEXED, 1, 2, 0x100, 77 };
	host[KT_ARRAY_SIZE(amd_host) + 1] =
		(struct kt_cpuid_entry){ 0x80000026, 1,     INDEXED, 4,
					 16,         0x201, 77 };
	make(t, 11, host, KT_ARRAY_SIZE(host), &plain, &list);
	assert_false(has_leaf(&list, 0x80000026)); /* beyond the highest */

	for (size_t i = 0; i < KT_ARRAY_SIZE(host); i++) {
		if (host[i].function == 0x80000000)
			host[i].eax = 0x80000028;
	}
	make(t, 11, host, KT_ARRAY_SIZE(host), &plain, &list);
	assert_int_equal(leaf(&list, 0x80000026, 0)->eax, 1);
	assert_int_equal(leaf(&list, 0x80000026, 0)->ebx, 2);
	assert_int_equal(leaf(&list, 0x80000026, 1)->eax, 3);
	assert_int_equal(leaf(&list, 0x80000026, 1)->ebx, 6);
	assert_int_equal(leaf(&list, 0x80000026, 1)->edx, 8 | 2 << 1 | 1);
	assert_int_equal(leaf(&list, 0x80000026, 2)->ebx, 0);
}

static void amd_counters_are_not_offered(void **state)
{
	_cleanup_topology_ struct kt_topology *t = shape("1n1l1c1t", 256);
	struct kt_cpuid_entry host[KT_ARRAY_SIZE(amd_host) + 1];
	static struct kt_cpuid_list list;

	(void)state;
	memcpy(host, amd_host, sizeof(amd_host));
	host[KT_ARRAY_SIZE(amd_host)] =
		(struct kt_cpuid_entry){ 0x80000022, 0, 0, 1, 6, 0, 0 };
	for (size_t i = 0; i < KT_ARRAY_SIZE(host); i++) {
		if (host[i].function == 0x80000001)
			host[i].ecx |= 1u << 23 | 1u << 24 | 1u << 28;
	}
	make(t, 0, host, KT_ARRAY_SIZE(host), &plain, &list);
	assert_int_equal(leaf(&list, 0x80000001, 0)->ecx &
				 (1u << 23 | 1u << 24 | 1u << 28),
			 0);
	assert_int_equal(leaf(&list, 0x80000022, 0)->eax, 0);
	assert_int_equal(leaf(&list, 0x80000022, 0)->ebx, 0);
}

/* A small generator, so that a failure can be had again. */
static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*state >> 32);
}

static bool has_index(uint32_t function)
{
	return function == 4 || function == 0xb || function == 0xd ||
	       function == 0x1f || function == 0x8000001d ||
	       function == 0x80000026;
}

static void any_list_gives_a_sound_one(void **state)
{
	static const uint32_t functions[] = {
		0,          1,          4,          0xa,        0xb,
		0xd,        0x1f,       0x40000000, 0x40000001, 0x80000000,
		0x80000001, 0x80000006, 0x80000008, 0x8000001d, 0x8000001e,
		0x80000022, 0x80000026,
	};
	_cleanup_topology_ struct kt_topology *t = shape("1n3l3c2t", 256);
	static struct kt_cpuid_list list;
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct kt_cpuid_entry host[64];
		size_t n = 1 + next_random(&seed) % KT_ARRAY_SIZE(host);
		uint32_t cpu = next_random(&seed) % t->n_cpus;

		for (size_t i = 0; i < n; i++)
			host[i] = (struct kt_cpuid_entry){
				.function = functions[next_random(&seed) %
						      KT_ARRAY_SIZE(functions)],
				.eax = next_random(&seed),
				.ebx = next_random(&seed),
				.ecx = next_random(&seed),
				.edx = next_random(&seed),
			};
		for (size_t i = 0; i < n; i++) {
			if (!has_index(host[i].function))
				continue;
			host[i].flags = INDEXED;
			host[i].index = next_random(&seed) % 5;
		}
		host[0] = round % 2 ? amd_host[0] : intel_host[0];
		make(t, cpu, host, n, &plain, &list);
		for (size_t i = 0; i < list.n; i++) {
			const struct kt_cpuid_entry *e = &list.entries[i];

			for (size_t j = 0; j < i; j++)
				assert_false(e->function ==
						     list.entries[j].function &&
					     e->index == list.entries[j].index);
		}
		assert_int_equal(leaf(&list, 1, 0)->ebx >> 24,
				 kt_apic_id(t, cpu));
		assert_int_equal(leaf(&list, 0xb, 0)->edx, kt_apic_id(t, cpu));
		assert_int_equal(leaf(&list, 0xb, 1)->eax, 3);
		assert_int_equal(leaf(&list, 0xb, 2)->ebx, 0);
	}
}

static void options_set_and_clear_their_bits(void **state)
{
	_cleanup_topology_ struct kt_topology *t = shape("1n1l1c1t", 256);
	const struct kt_cpuid_options none = { 0 }, all = { .tsc_deadline = true,
							    .realtime = true };
	static struct kt_cpuid_list list;

	(void)state;
	make(t, 0, intel_host, KT_ARRAY_SIZE(intel_host), &none, &list);
	assert_int_equal(leaf(&list, 1, 0)->ecx >> 24 & 1, 0);
	assert_int_equal(leaf(&list, 0x40000001, 0)->edx & 1, 0);
	make(t, 0, intel_host, KT_ARRAY_SIZE(intel_host), &all, &list);
	assert_int_equal(leaf(&list, 1, 0)->ecx >> 24 & 1, 1);
	assert_int_equal(leaf(&list, 0x40000001, 0)->edx & 1, 1);
}

static void ids_beyond_xapic_need_extended_destinations(void **state)
{
	_cleanup_topology_ struct kt_topology *small = shape("1n14l8c2t", 256);
	_cleanup_topology_ struct kt_topology *large = shape("1n14l9c2t", 256);
	static struct kt_cpuid_list list;

	(void)state;
	make(small, 0, amd_host, KT_ARRAY_SIZE(amd_host), &plain, &list);
	assert_int_equal(leaf(&list, 0x40000001, 0)->eax >> 15 & 1, 0);
	make(large, 0, amd_host, KT_ARRAY_SIZE(amd_host), &plain, &list);
	assert_int_equal(leaf(&list, 0x40000001, 0)->eax >> 15 & 1, 1);
}

static void the_vendor_can_be_forced(void **state)
{
	_cleanup_topology_ struct kt_topology *t = shape("1n2l2c2t", 256);
	const struct kt_cpuid_options intel = { .vendor = KT_CPUID_VENDOR_INTEL },
				      amd = { .vendor = KT_CPUID_VENDOR_AMD };
	static struct kt_cpuid_list list;

	(void)state;
	make(t, 0, amd_host, KT_ARRAY_SIZE(amd_host), &intel, &list);
	assert_int_equal(leaf(&list, 0, 0)->ebx, intel_host[0].ebx);
	assert_int_equal(leaf(&list, 0, 0)->ecx, intel_host[0].ecx);
	assert_int_equal(leaf(&list, 0, 0)->edx, intel_host[0].edx);
	assert_int_equal(leaf(&list, 4, 3)->eax >> 14 & 0xfff, 3);
	make(t, 0, intel_host, KT_ARRAY_SIZE(intel_host), &amd, &list);
	assert_int_equal(leaf(&list, 0, 0)->ecx, amd_host[0].ecx);
	assert_int_equal(leaf(&list, 0x8000001d, 3)->eax >> 14 & 0xfff, 3);
}

/* Bits 7, 11, 13, 16 and 17 of the paravirtual features. */
#define BY_HYPERCALL 0x32880u

static void a_foreign_vendor_has_no_features_that_take_hypercalls(void **state)
{
	_cleanup_topology_ struct kt_topology *t = shape("1n2l2c2t", 256);
	const struct kt_cpuid_options intel = { .vendor = KT_CPUID_VENDOR_INTEL },
				      amd = { .vendor = KT_CPUID_VENDOR_AMD };
	struct kt_cpuid_entry hosts[2][KT_CPUID_MAX];
	static struct kt_cpuid_list list;
	const size_t n[] = { KT_ARRAY_SIZE(intel_host), KT_ARRAY_SIZE(amd_host) };

	(void)state;
	memcpy(hosts[0], intel_host, sizeof(intel_host));
	memcpy(hosts[1], amd_host, sizeof(amd_host));
	for (size_t host = 0; host < 2; host++) {
		const struct kt_cpuid_options *own = host ? &amd : &intel;
		const struct kt_cpuid_options *other = host ? &intel : &amd;
		uint32_t all;

		for (size_t i = 0; i < n[host]; i++)
			if (hosts[host][i].function == 0x40000001)
				hosts[host][i].eax |= BY_HYPERCALL;
		make(t, 0, hosts[host], n[host], &plain, &list);
		all = leaf(&list, 0x40000001, 0)->eax;
		assert_int_equal(all & BY_HYPERCALL, BY_HYPERCALL);
		make(t, 0, hosts[host], n[host], own, &list);
		assert_int_equal(leaf(&list, 0x40000001, 0)->eax, all);
		make(t, 0, hosts[host], n[host], other, &list);
		assert_int_equal(leaf(&list, 0x40000001, 0)->eax,
				 all & ~BY_HYPERCALL);
	}
}

static void vendors_have_names(void **state)
{
	enum kt_cpuid_vendor vendor = KT_CPUID_VENDOR_AMD;
	struct ktstr_error err = { 0 };

	(void)state;
	assert_int_equal(kt_cpuid_vendor_parse(NULL, &vendor, &err), 0);
	assert_int_equal(vendor, KT_CPUID_VENDOR_HOST);
	assert_int_equal(kt_cpuid_vendor_parse("intel", &vendor, &err), 0);
	assert_int_equal(vendor, KT_CPUID_VENDOR_INTEL);
	assert_int_equal(kt_cpuid_vendor_parse("amd", &vendor, &err), 0);
	assert_int_equal(vendor, KT_CPUID_VENDOR_AMD);
	assert_int_equal(kt_cpuid_vendor_parse("", &vendor, &err), 0);
	assert_int_equal(vendor, KT_CPUID_VENDOR_HOST);
	assert_int_equal(kt_cpuid_vendor_parse("via", &vendor, &err), -EINVAL);
	assert_string_equal(err.message,
			    "KTSTR_CPU_VENDOR must be \"intel\" or \"amd\", "
			    "not \"via\"");
}

static void zen1_is_hidden_where_its_llc_size_is_not_eight(void **state)
{
	_cleanup_topology_ struct kt_topology *four = shape("1n2l2c2t", 256);
	_cleanup_topology_ struct kt_topology *eight = shape("1n2l4c2t", 256);
	struct kt_cpuid_entry host[KT_ARRAY_SIZE(amd_host)];
	static struct kt_cpuid_list list;

	(void)state;
	memcpy(host, amd_host, sizeof(amd_host));
	host[1].eax = 0x00800f12;
	make(four, 0, host, KT_ARRAY_SIZE(host), &plain, &list);
	assert_int_equal(leaf(&list, 1, 0)->eax, 0x00830f12);
	make(eight, 0, host, KT_ARRAY_SIZE(host), &plain, &list);
	assert_int_equal(leaf(&list, 1, 0)->eax, 0x00800f12);
}

static void a_list_without_leaf_0_is_refused(void **state)
{
	_cleanup_topology_ struct kt_topology *t = shape("1n1l1c1t", 256);
	static struct kt_cpuid_list list;
	struct ktstr_error err = { 0 };

	(void)state;
	assert_int_equal(kt_cpuid_make(t, 0, &plain, amd_host + 1, 3, &list, &err),
			 -EINVAL);
	assert_string_equal(err.message,
			    "KVM's list of supported CPUID leaves (3 entries) "
			    "has no leaf 0");
}

static void more_leaves_than_kvm_takes_are_refused(void **state)
{
	_cleanup_topology_ struct kt_topology *t = shape("1n1l1c1t", 256);
	static struct kt_cpuid_entry host[KT_CPUID_MAX + 1];
	static struct kt_cpuid_list list;
	struct ktstr_error err = { 0 };

	(void)state;
	host[0] = intel_host[0];
	for (size_t n = KT_CPUID_MAX - 2; n <= KT_CPUID_MAX + 1; n++) {
		for (uint32_t i = 1; i < n; i++)
			host[i] =
				(struct kt_cpuid_entry){ .function = 0x100 + i };
		assert_int_equal(kt_cpuid_make(t, 0, &plain, host, n, &list, &err),
				 -E2BIG);
		assert_string_equal(err.message,
				    "the guest's CPUID has more than 256 "
				    "leaves");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_equal_the_golden_files),
		cmocka_unit_test(apic_ids_leave_holes_for_odd_counts),
		cmocka_unit_test(caches_are_shared_as_declared),
		cmocka_unit_test(no_leaf_is_there_twice),
		cmocka_unit_test(threading_bit_needs_more_than_one_cpu),
		cmocka_unit_test(a_host_without_caches_gets_plausible_ones),
		cmocka_unit_test(an_l3_is_added_where_the_host_has_none),
		cmocka_unit_test(no_performance_counters_are_offered),
		cmocka_unit_test(an_old_amd_list_gets_the_leaves_it_lacks),
		cmocka_unit_test(
			the_extended_topology_leaf_is_filled_where_it_is_in_reach),
		cmocka_unit_test(amd_counters_are_not_offered),
		cmocka_unit_test(any_list_gives_a_sound_one),
		cmocka_unit_test(options_set_and_clear_their_bits),
		cmocka_unit_test(ids_beyond_xapic_need_extended_destinations),
		cmocka_unit_test(the_vendor_can_be_forced),
		cmocka_unit_test(
			a_foreign_vendor_has_no_features_that_take_hypercalls),
		cmocka_unit_test(vendors_have_names),
		cmocka_unit_test(zen1_is_hidden_where_its_llc_size_is_not_eight),
		cmocka_unit_test(a_list_without_leaf_0_is_refused),
		cmocka_unit_test(more_leaves_than_kvm_takes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
