// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "vmm/x86_64/apic_id.h"
#include "vmm/x86_64/cpuid.h"

#if defined(__x86_64__)
#include <linux/kvm.h>

_Static_assert(sizeof(struct kt_cpuid_entry) == sizeof(struct kvm_cpuid_entry2),
	       "the entry is KVM's");
_Static_assert(offsetof(struct kt_cpuid_entry, edx) ==
		       offsetof(struct kvm_cpuid_entry2, edx),
	       "the entry is KVM's");
_Static_assert(KT_CPUID_INDEXED == KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
	       "the flag is KVM's");
#endif

/* Leaf 1 */
#define ECX1_TSC_DEADLINE (1u << 24)
#define ECX1_X2APIC       (1u << 21)
#define ECX1_HYPERVISOR   (1u << 31)
#define EDX1_HTT          (1u << 28)

/* Leaf 0x80000001 */
#define ECX81_CMP_LEGACY   (1u << 1)
#define ECX81_TOPOEXT      (1u << 22)
#define ECX81_PERFCTR_CORE (1u << 23)
#define ECX81_PERFCTR_NB   (1u << 24)
#define ECX81_PERFCTR_LLC  (1u << 28)
#define ECX81_PERFCTR                                                          \
	(ECX81_PERFCTR_CORE | ECX81_PERFCTR_NB | ECX81_PERFCTR_LLC)

/* Leaf 0x40000001 */
#define KVM_ASYNC_PF        (1u << 4 | 1u << 10 | 1u << 14)
#define KVM_MSI_EXT_DEST_ID (1u << 15)
#define KVM_HINT_REALTIME   (1u << 0)
/* PV_UNHALT, PV_SEND_IPI, PV_SCHED_YIELD, HC_MAP_GPA_RANGE, MIGRATION_CONTROL:
 * what a guest does by hypercalls. */
#define KVM_BY_HYPERCALL    (1u << 7 | 1u << 11 | 1u << 13 | 1u << 16 | 1u << 17)

/* Level types of leaves 0xB, 0x1F and 0x80000026 */
#define LEVEL_SMT  1u
#define LEVEL_CORE 2u

#define CACHE_NONE 0u

/* What the leaves say about one CPU, worked out once. */
struct cpu_facts {
	uint32_t apic_id;
	uint32_t llc;
	uint32_t core;
	uint32_t threads; /* of its core */
	uint32_t cpus;    /* of its LLC */
	unsigned int core_shift;
	unsigned int llc_shift;
	bool x2apic_ids; /* some CPU's id is beyond xAPIC */
	bool foreign;    /* it is shown another maker than the host's */
};

/* A list under construction; a lost entry is found out at the end. */
struct builder {
	struct kt_cpuid_list *list;
	bool overflow;
	struct kt_cpuid_entry lost;
};

static struct kt_cpuid_entry *find(const struct builder *b, uint32_t function,
				   uint32_t index)
{
	for (size_t i = 0; i < b->list->n; i++) {
		struct kt_cpuid_entry *e = &b->list->entries[i];

		if (e->function == function &&
		    (!(e->flags & KT_CPUID_INDEXED) || e->index == index))
			return e;
	}
	return NULL;
}

/* The entry, added as zeros if need be; never NULL. */
static struct kt_cpuid_entry *get(struct builder *b, uint32_t function,
				  uint32_t index, uint32_t flags)
{
	struct kt_cpuid_entry *e = find(b, function, index);

	if (e)
		return e;
	if (b->list->n == KT_CPUID_MAX) {
		b->overflow = true;
		e = &b->lost;
	} else {
		e = &b->list->entries[b->list->n++];
	}
	*e = (struct kt_cpuid_entry){
		.function = function, .index = index, .flags = flags};
	return e;
}

static void drop(struct builder *b, uint32_t function)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->list->n; i++) {
		if (b->list->entries[i].function != function)
			b->list->entries[kept++] = b->list->entries[i];
	}
	b->list->n = kept;
}

static void clear(struct builder *b, uint32_t function)
{
	if (find(b, function, 0)) {
		drop(b, function);
		get(b, function, 0, 0);
	}
}

/* Replaces bits [low, low + width) of a register; clips what is too large. */
static uint32_t with_field(uint32_t reg, unsigned int low, unsigned int width,
			   uint32_t value)
{
	uint32_t max = (1u << width) - 1;

	return (reg & ~(max << low)) | KT_MIN(value, max) << low;
}

static void set_vendor(struct kt_cpuid_entry *e, const char vendor[12])
{
	memcpy(&e->ebx, vendor, 4);
	memcpy(&e->edx, vendor + 4, 4);
	memcpy(&e->ecx, vendor + 8, 4);
}

static bool vendor_is(const struct kt_cpuid_entry *e, const char vendor[12])
{
	struct kt_cpuid_entry other = {0};

	set_vendor(&other, vendor);
	return e->ebx == other.ebx && e->ecx == other.ecx && e->edx == other.edx;
}

static bool is_amd(const struct kt_cpuid_entry *e)
{
	return vendor_is(e, "AuthenticAMD") || vendor_is(e, "HygonGenuine");
}

/* Leaf 0: the vendor and the highest leaf. True for AMD's kind of leaves. */
static bool patch_vendor(struct builder *b, enum kt_cpuid_vendor vendor)
{
	struct kt_cpuid_entry *e = find(b, 0, 0);

	if (vendor == KT_CPUID_VENDOR_INTEL)
		set_vendor(e, "GenuineIntel");
	else if (vendor == KT_CPUID_VENDOR_AMD)
		set_vendor(e, "AuthenticAMD");
	e->eax = KT_MAX(e->eax, 0xbu);
	return is_amd(e);
}

static void patch_leaf1(struct builder *b, const struct cpu_facts *facts,
			const struct kt_cpuid_options *options)
{
	struct kt_cpuid_entry *e = get(b, 1, 0, 0);

	e->ebx = with_field(e->ebx, 24, 8, facts->apic_id & 0xff);
	e->ebx = with_field(e->ebx, 16, 8, facts->cpus);
	e->ecx |= ECX1_X2APIC | ECX1_HYPERVISOR;
	e->ecx &= ~ECX1_TSC_DEADLINE;
	if (options->tsc_deadline)
		e->ecx |= ECX1_TSC_DEADLINE;
	e->edx &= ~EDX1_HTT;
	if (facts->cpus > 1)
		e->edx |= EDX1_HTT;
}

static uint32_t cache_type(const struct kt_cpuid_entry *e)
{
	return e->eax & 0x1f;
}

static uint32_t cache_level(const struct kt_cpuid_entry *e)
{
	return e->eax >> 5 & 7;
}

/* Puts a cache behind those that are there, before the end mark. */
static void add_cache(struct builder *b, uint32_t leaf, uint32_t index,
		      uint32_t type, uint32_t level, uint32_t ways, uint32_t sets)
{
	const uint32_t line_bytes = 64, self_initializing = 1u << 8;
	struct kt_cpuid_entry *e = get(b, leaf, index, KT_CPUID_INDEXED);

	e->eax = type | level << 5 | self_initializing;
	e->ebx = (line_bytes - 1) | (ways - 1) << 22;
	e->ecx = sets - 1;
	e->edx = 0;
}

/*
 * Leaf 4 (Intel) and 0x8000001D (AMD): the host's caches with our sharing;
 * where the host tells of none, or of no L3, plausible ones.
 */
static void patch_caches(struct builder *b, uint32_t leaf,
			 const struct cpu_facts *facts)
{
	unsigned int core_bits = facts->llc_shift - facts->core_shift;
	struct kt_cpuid_entry *e;
	bool has_l3 = false;
	uint32_t n = 0;

	while ((e = find(b, leaf, n)) && (e->flags & KT_CPUID_INDEXED) &&
	       cache_type(e) != CACHE_NONE) {
		has_l3 |= cache_level(e) >= 3;
		n++;
	}
	if (n == 0) {
		drop(b, leaf);
		add_cache(b, leaf, n++, 1, 1, 8, 64);    /* L1d 32 KiB */
		add_cache(b, leaf, n++, 2, 1, 8, 64);    /* L1i 32 KiB */
		add_cache(b, leaf, n++, 3, 2, 16, 1024); /* L2 1 MiB */
	}
	if (!has_l3)
		add_cache(b, leaf, n++, 3, 3, 16, 16384); /* L3 16 MiB */

	for (uint32_t i = 0; i < n; i++) {
		unsigned int shift;

		e = get(b, leaf, i, KT_CPUID_INDEXED);
		shift = cache_level(e) >= 3 ? facts->llc_shift
					    : facts->core_shift;
		e->eax = with_field(e->eax, 14, 12, (1u << shift) - 1);
		/* Cores in the package: leaf 4 only, reserved with AMD. */
		e->eax = with_field(e->eax, 26, 6,
				    leaf == 4 ? (1u << core_bits) - 1 : 0);
	}
	e = get(b, leaf, n, KT_CPUID_INDEXED);
	e->eax = e->ebx = e->ecx = e->edx = 0;
}

/* Leaves 0xB, 0x1F, 0x80000026: threads of a core, CPUs of an LLC, the end. */
static void write_levels(struct builder *b, uint32_t leaf,
			 const struct cpu_facts *facts)
{
	const struct {
		unsigned int shift;
		uint32_t cpus;
		uint32_t type;
	} levels[] = {
		{facts->core_shift, facts->threads, LEVEL_SMT},
		{facts->llc_shift, facts->cpus, LEVEL_CORE},
		{0, 0, 0},
	};

	drop(b, leaf);
	for (uint32_t i = 0; i < KT_ARRAY_SIZE(levels); i++) {
		struct kt_cpuid_entry *e = get(b, leaf, i, KT_CPUID_INDEXED);

		e->eax = levels[i].shift;
		e->ebx = with_field(0, 0, 16, levels[i].cpus);
		e->ecx = i | levels[i].type << 8;
		e->edx = facts->apic_id;
	}
}

/*
 * Linux takes it as known that eight APIC ids share an L3 on Zen 1 (family
 * 0x17, models up to 0x1F; cacheinfo_amd_init_llc_id()). A guest whose LLCs
 * have another size is shown the next model, where Linux reads the leaf.
 */
static void avoid_fixed_llc_size(struct builder *b, const struct cpu_facts *facts)
{
	struct kt_cpuid_entry *e = get(b, 1, 0, 0);
	uint32_t base_family = e->eax >> 8 & 0xf;
	uint32_t ext_family = e->eax >> 20 & 0xff;
	uint32_t ext_model = e->eax >> 16 & 0xf;

	if (base_family == 0xf && ext_family == 8 && ext_model <= 1 &&
	    facts->llc_shift != 3)
		e->eax = with_field(e->eax, 16, 4, 3);
}

static void patch_amd(struct builder *b, const struct cpu_facts *facts)
{
	struct kt_cpuid_entry *e;
	uint32_t max_leaf;

	e = get(b, 0x80000000, 0, 0);
	e->eax = max_leaf = KT_MAX(e->eax, 0x8000001eu);

	e = get(b, 0x80000001, 0, 0);
	e->ecx &= ~(ECX81_CMP_LEGACY | ECX81_PERFCTR);
	e->ecx |= ECX81_TOPOEXT;
	if (facts->cpus > 1)
		e->ecx |= ECX81_CMP_LEGACY;

	/* Linux looks for L3s only where this register is not zero. */
	e = get(b, 0x80000006, 0, 0);
	if (!e->edx)
		e->edx = (16 * 2) << 18 | 0x8 << 12 | 1 << 8 | 64;

	e = get(b, 0x80000008, 0, 0);
	e->ecx = with_field(e->ecx, 0, 8, facts->cpus - 1);
	e->ecx = with_field(e->ecx, 12, 4, facts->llc_shift);

	avoid_fixed_llc_size(b, facts);
	patch_caches(b, 0x8000001d, facts);

	/* Before family 0x17 Linux takes the node id for the LLC's. */
	drop(b, 0x8000001e);
	e = get(b, 0x8000001e, 0, 0);
	e->eax = facts->apic_id;
	e->ebx = with_field(facts->core & 0xff, 8, 8, facts->threads - 1);
	e->ecx = facts->llc & 0xff;

	clear(b, 0x80000022); /* performance monitoring */
	if (max_leaf >= 0x80000026)
		write_levels(b, 0x80000026, facts);
	else
		drop(b, 0x80000026);
}

static void patch_kvm_leaves(struct builder *b, const struct cpu_facts *facts,
			     const struct kt_cpuid_options *options)
{
	struct kt_cpuid_entry *e = get(b, 0x40000000, 0, 0);

	memcpy(&e->ebx, "KVMK", 4);
	memcpy(&e->ecx, "VMKV", 4);
	memcpy(&e->edx, "M\0\0", 4);
	e->eax = KT_MAX(e->eax, 0x40000001u);

	/*
	 * No asynchronous page faults: with them the guest would schedule
	 * another task whenever the host has to fetch a page, and a scheduler
	 * under test would be seen to do what the host's memory made it do.
	 */
	e = get(b, 0x40000001, 0, 0);
	e->eax &= ~KVM_ASYNC_PF;
	if (facts->x2apic_ids)
		e->eax |= KVM_MSI_EXT_DEST_ID;
	else
		e->eax &= ~KVM_MSI_EXT_DEST_ID;
	/*
	 * Linux makes hypercalls by the instruction of the vendor that it sees,
	 * VMCALL or VMMCALL. When that is not the host's, KVM writes the right
	 * one over it (KVM_X86_QUIRK_FIX_HYPERCALL_INSN), which faults in the
	 * guest once its text is read-only.
	 */
	if (facts->foreign)
		e->eax &= ~KVM_BY_HYPERCALL;
	e->edx &= ~KVM_HINT_REALTIME;
	if (options->realtime)
		e->edx |= KVM_HINT_REALTIME;
}

static struct cpu_facts facts_of(const struct kt_topology *topology, uint32_t cpu)
{
	struct kt_topology_place place = kt_topology_cpu(topology, cpu);
	const struct kt_topology_llc *llc = &topology->llcs[place.llc];

	return (struct cpu_facts){
		.apic_id = kt_apic_id(topology, cpu),
		.llc = place.llc,
		.core = place.core,
		.threads = llc->threads_per_core,
		.cpus = llc->n_cpus,
		.core_shift = kt_apic_core_shift(topology),
		.llc_shift = kt_apic_llc_shift(topology),
		.x2apic_ids = kt_apic_id_max(topology) >= KT_APIC_ID_X2APIC,
	};
}

int kt_cpuid_vendor_parse(const char *text, enum kt_cpuid_vendor *ret,
			  struct ktstr_error *err)
{
	if (!text || !*text)
		*ret = KT_CPUID_VENDOR_HOST;
	else if (strcmp(text, "intel") == 0)
		*ret = KT_CPUID_VENDOR_INTEL;
	else if (strcmp(text, "amd") == 0)
		*ret = KT_CPUID_VENDOR_AMD;
	else
		return kt_err(err, -EINVAL,
			      "KTSTR_CPU_VENDOR must be \"intel\" or \"amd\", "
			      "not \"%s\"",
			      text);
	return 0;
}

int kt_cpuid_make(const struct kt_topology *topology, uint32_t cpu,
		  const struct kt_cpuid_options *options,
		  const struct kt_cpuid_entry *supported, size_t n_supported,
		  struct kt_cpuid_list *ret, struct ktstr_error *err)
{
	struct cpu_facts facts = facts_of(topology, cpu);
	struct builder b = {.list = ret};
	uint32_t max_leaf;
	bool host_is_amd, amd;

	ret->n = 0;
	for (size_t i = 0; i < n_supported; i++) {
		const struct kt_cpuid_entry *e = &supported[i];

		/* A second entry for a leaf would never be looked at. */
		if (!find(&b, e->function, e->index))
			*get(&b, e->function, e->index, e->flags) = *e;
	}
	if (!find(&b, 0, 0))
		return kt_err(err, -EINVAL,
			      "KVM's list of supported CPUID leaves (%zu "
			      "entries) has no leaf 0",
			      n_supported);

	host_is_amd = is_amd(find(&b, 0, 0));
	amd = patch_vendor(&b, options->vendor);
	facts.foreign = amd != host_is_amd;
	if (amd) {
		patch_amd(&b, &facts);
		/* Not a leaf of theirs, but some emulated hosts have it. */
		if (find(&b, 4, 0))
			patch_caches(&b, 4, &facts);
	} else {
		patch_caches(&b, 4, &facts);
	}
	patch_leaf1(&b, &facts, options);
	clear(&b, 0xa);
	write_levels(&b, 0xb, &facts);
	max_leaf = find(&b, 0, 0)->eax;
	if (max_leaf >= 0x1f)
		write_levels(&b, 0x1f, &facts);
	else
		drop(&b, 0x1f);
	patch_kvm_leaves(&b, &facts, options);

	if (b.overflow)
		return kt_err(err, -E2BIG,
			      "the guest's CPUID has more than %d leaves",
			      KT_CPUID_MAX);
	return 0;
}
