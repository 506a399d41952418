// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "vmm/x86_64/acpi_table.h"
#include "vmm/x86_64/apic_id.h"

/* SRAT, ACPI 6.3 section 5.2.16 */
#define SRAT_MEMORY       1
#define SRAT_X2APIC       2
#define SRAT_ENABLED      1u
#define SRAT_CPU_BYTES    24
#define SRAT_MEMORY_BYTES 40

/* HMAT, section 5.2.27 */
#define HMAT_DOMAIN            0
#define HMAT_LOCALITY          1
#define HMAT_CACHE             2
#define HMAT_DOMAIN_BYTES      40
#define HMAT_LOCALITY_BYTES    32
#define HMAT_CACHE_BYTES       32
#define HMAT_INITIATOR_VALID   1u
#define HMAT_ACCESS_LATENCY    0
#define HMAT_ACCESS_BANDWIDTH  3
#define HMAT_ENTRY_MAX         0xfffeu /* 0xffff: the target is out of reach */
#define HMAT_LATENCY_UNIT_PS   1000u
#define HMAT_BANDWIDTH_UNIT_MB 1u

static void add_srat_cpu(struct kt_strbuf *sb, uint32_t node, uint32_t apic_id)
{
	kt_acpi_add8(sb, SRAT_X2APIC);
	kt_acpi_add8(sb, SRAT_CPU_BYTES);
	kt_acpi_add16(sb, 0);
	kt_acpi_add32(sb, node);
	kt_acpi_add32(sb, apic_id);
	kt_acpi_add32(sb, SRAT_ENABLED);
	kt_acpi_add32(sb, 0); /* clock domain */
	kt_acpi_add32(sb, 0);
}

static void add_srat_memory(struct kt_strbuf *sb,
			    const struct kt_memory_region *region)
{
	kt_acpi_add8(sb, SRAT_MEMORY);
	kt_acpi_add8(sb, SRAT_MEMORY_BYTES);
	kt_acpi_add32(sb, region->node);
	kt_acpi_add16(sb, 0);
	kt_acpi_add64(sb, region->gpa);
	kt_acpi_add64(sb, region->size_bytes);
	kt_acpi_add32(sb, 0);
	kt_acpi_add32(sb, SRAT_ENABLED);
	kt_acpi_add64(sb, 0);
}

/*
 * Linux numbers nodes as their domains come up, CPU entries before memory
 * entries (acpi_numa_init()), which would move a memory-only node behind all
 * nodes with CPUs. Where one is declared in front of such a node, an entry for
 * an APIC id that no CPU has keeps its place.
 */
size_t kt_acpi_add_srat(struct kt_strbuf *sb, const struct kt_acpi_config *config)
{
	const struct kt_topology *t = config->topology;
	size_t at = kt_acpi_table_begin(sb, "SRAT", 3);
	uint32_t nobody = kt_apic_id_max(t) + 1;

	kt_acpi_add32(sb, 1); /* reserved, must be 1 */
	kt_acpi_add64(sb, 0);
	for (uint32_t node = 0; node < t->n_nodes; node++) {
		const struct kt_topology_node *n = &t->nodes[node];

		/* first_cpu of a memory-only node is the next node's. */
		if (n->n_cpus == 0 && n->first_cpu < t->n_cpus)
			add_srat_cpu(sb, node, nobody);
		for (uint32_t i = 0; i < n->n_cpus; i++)
			add_srat_cpu(sb, node, kt_apic_id(t, n->first_cpu + i));
	}
	for (size_t i = 0; i < config->n_regions; i++)
		add_srat_memory(sb, &config->regions[i]);
	kt_acpi_table_end(sb, at);
	return at;
}

/* Section 5.2.17 */
size_t kt_acpi_add_slit(struct kt_strbuf *sb, const struct kt_topology *topology)
{
	size_t n = topology->n_nodes;
	size_t at = kt_acpi_table_begin(sb, "SLIT", 1);

	kt_acpi_add64(sb, n);
	kt_strbuf_add_bytes(sb, topology->distances, n * n);
	kt_acpi_table_end(sb, at);
	return at;
}

static bool has_memory(const struct kt_acpi_config *config, uint32_t node)
{
	for (size_t i = 0; i < config->n_regions; i++) {
		if (config->regions[i].node == node)
			return true;
	}
	return false;
}

static bool is_initiator(const struct kt_acpi_config *config, uint32_t node)
{
	return config->topology->nodes[node].n_cpus > 0;
}

/* Itself with CPUs, else the nearest node that has some. */
static uint32_t initiator_of(const struct kt_topology *t, uint32_t target)
{
	uint32_t best = target;

	if (t->nodes[target].n_cpus)
		return target;
	for (uint32_t i = 0; i < t->n_nodes; i++) {
		if (!t->nodes[i].n_cpus)
			continue;
		if (best == target ||
		    kt_topology_distance(t, target, i) <
			    kt_topology_distance(t, target, best))
			best = i;
	}
	return best;
}

/*
 * A target's declared figure as seen from an initiator: farther means slower,
 * in proportion to the distance, and never nothing at all.
 */
static uint64_t figure(const struct kt_topology *t, uint8_t type,
		       uint32_t initiator, uint32_t target)
{
	const struct kt_topology_node *n = &t->nodes[target];
	uint64_t d = kt_topology_distance(t, initiator, target);
	const uint64_t self = KT_TOPOLOGY_DISTANCE_SELF;
	uint64_t value = type == HMAT_ACCESS_LATENCY
				 ? n->latency_ns * d / self
				 : n->bandwidth_mbs * self / d;

	return KT_MAX(value, (uint64_t)1);
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/*
 * How many base units one step of an entry is: 1 where all figures fit 16
 * bits; else, where it fits, their common divisor, which loses nothing; else
 * as little more than 1 as it takes.
 */
static uint64_t step_of(uint64_t max, uint64_t divisor)
{
	if (max <= HMAT_ENTRY_MAX)
		return 1;
	if (max / divisor <= HMAT_ENTRY_MAX)
		return divisor;
	return (max + HMAT_ENTRY_MAX - 1) / HMAT_ENTRY_MAX;
}

/* One matrix, initiators by targets, of what an access takes. */
static void add_locality(struct kt_strbuf *sb,
			 const struct kt_acpi_config *config, uint8_t type)
{
	const struct kt_topology *t = config->topology;
	uint32_t n_initiators = 0, n_targets = 0;
	uint64_t max = 0, divisor = 0, step;
	size_t at = sb->length;

	for (uint32_t node = 0; node < t->n_nodes; node++) {
		n_initiators += is_initiator(config, node);
		n_targets += has_memory(config, node);
	}
	for (uint32_t i = 0; i < t->n_nodes; i++) {
		for (uint32_t j = 0; j < t->n_nodes; j++) {
			uint64_t value;

			if (!is_initiator(config, i) || !has_memory(config, j))
				continue;
			value = figure(t, type, i, j);
			max = KT_MAX(max, value);
			divisor = gcd(value, divisor);
		}
	}
	step = step_of(max, divisor);

	kt_acpi_add16(sb, HMAT_LOCALITY);
	kt_acpi_add16(sb, 0);
	kt_acpi_add32(sb, 0); /* length, below */
	kt_acpi_add8(sb, 0);  /* memory, not one of its caches */
	kt_acpi_add8(sb, type);
	kt_acpi_add8(sb, 0); /* smallest transfer: any */
	kt_acpi_add8(sb, 0);
	kt_acpi_add32(sb, n_initiators);
	kt_acpi_add32(sb, n_targets);
	kt_acpi_add32(sb, 0);
	kt_acpi_add64(sb, step * (type == HMAT_ACCESS_LATENCY
					  ? HMAT_LATENCY_UNIT_PS
					  : HMAT_BANDWIDTH_UNIT_MB));
	for (uint32_t i = 0; i < t->n_nodes; i++) {
		if (is_initiator(config, i))
			kt_acpi_add32(sb, i);
	}
	for (uint32_t j = 0; j < t->n_nodes; j++) {
		if (has_memory(config, j))
			kt_acpi_add32(sb, j);
	}
	for (uint32_t i = 0; i < t->n_nodes; i++) {
		for (uint32_t j = 0; j < t->n_nodes; j++) {
			uint64_t entry;

			if (!is_initiator(config, i) || !has_memory(config, j))
				continue;
			entry = (figure(t, type, i, j) + step / 2) / step;
			kt_acpi_add16(sb, (uint16_t)KT_MAX(entry, 1ul));
		}
	}
	kt_acpi_set(sb, at + 4, sb->length - at, 4);
}

static void add_domain(struct kt_strbuf *sb, uint32_t initiator, uint32_t target)
{
	kt_acpi_add16(sb, HMAT_DOMAIN);
	kt_acpi_add16(sb, 0);
	kt_acpi_add32(sb, HMAT_DOMAIN_BYTES);
	kt_acpi_add16(sb, HMAT_INITIATOR_VALID);
	kt_acpi_add16(sb, 0);
	kt_acpi_add32(sb, initiator);
	kt_acpi_add32(sb, target);
	kt_acpi_add_zeros(sb, 20);
}

static void add_side_cache(struct kt_strbuf *sb, uint32_t node,
			   const struct ktstr_memory_side_cache *cache)
{
	const uint32_t levels = 1, level = 1;

	kt_acpi_add16(sb, HMAT_CACHE);
	kt_acpi_add16(sb, 0);
	kt_acpi_add32(sb, HMAT_CACHE_BYTES);
	kt_acpi_add32(sb, node);
	kt_acpi_add32(sb, 0);
	kt_acpi_add64(sb, cache->size_bytes);
	kt_acpi_add32(sb, levels | level << 4 |
				  (cache->associativity & 0xfu) << 8 |
				  (cache->write_policy & 0xfu) << 12 |
				  (uint32_t)cache->line_bytes << 16);
	kt_acpi_add16(sb, 0);
	kt_acpi_add16(sb, 0); /* SMBIOS handles */
}

size_t kt_acpi_add_hmat(struct kt_strbuf *sb, const struct kt_acpi_config *config)
{
	const struct kt_topology *t = config->topology;
	size_t at = kt_acpi_table_begin(sb, "HMAT", 2);

	kt_acpi_add32(sb, 0);
	for (uint32_t node = 0; node < t->n_nodes; node++) {
		if (has_memory(config, node))
			add_domain(sb, initiator_of(t, node), node);
	}
	add_locality(sb, config, HMAT_ACCESS_LATENCY);
	add_locality(sb, config, HMAT_ACCESS_BANDWIDTH);
	for (uint32_t node = 0; node < t->n_nodes; node++) {
		if (t->nodes[node].cache.size_bytes && has_memory(config, node))
			add_side_cache(sb, node, &t->nodes[node].cache);
	}
	kt_acpi_table_end(sb, at);
	return at;
}
