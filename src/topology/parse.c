// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/suggest.h"
#include "topology/grammar.h"
#include "topology/topology.h"

/* How much of a text a message shows around the place of the error. */
#define SHOWN_BEFORE 40
#define SHOWN_AFTER  30

struct parser {
	const char *text;
	const char *at;
	struct ktstr_error *err;
	/* Where the parts stand, for what is found wrong with the whole. */
	const char *nodes;
	const char *llcs;
	const char *cores;
	const char *threads;
	const char *distances;
};

static const struct kt_topology_words text_words = {
	.numa_nodes = "the number of NUMA nodes",
	.llcs = "the number of LLCs",
	.cores_per_llc = "the cores of an LLC",
	.threads_per_core = "the threads of a core",
	.memory = "some, such as 0l,512M",
};

void kt_topology_text_deinit(struct kt_topology_text *text)
{
	free(text->nodes);
	free(text->distances);
	*text = (struct kt_topology_text){0};
}

static char printable(char c)
{
	return c >= ' ' && c <= '~' ? c : '?';
}

/*
 * The message, then the text with a mark below the place. `place` points into
 * the text; only the part around it is shown of a long one.
 */
static int KT_PRINTF(3, 4)
	parse_error(struct parser *p, const char *place, const char *fmt, ...)
{
	size_t offset = (size_t)(place - p->text);
	const char *from = offset > SHOWN_BEFORE ? place - SHOWN_BEFORE : p->text;
	size_t after = strnlen(place, SHOWN_AFTER + 1);
	_cleanup_strbuf_ struct kt_strbuf sb = {0};
	size_t lead;
	va_list args;

	va_start(args, fmt);
	kt_strbuf_vaddf(&sb, fmt, args);
	va_end(args);
	kt_strbuf_add(&sb, "\n  ");
	lead = sb.length;
	kt_strbuf_add(&sb, from > p->text ? "..." : "");
	for (const char *c = from; c < place; c++)
		kt_strbuf_add_char(&sb, printable(*c));
	lead = sb.length - lead;
	for (size_t i = 0; i < KT_MIN(after, (size_t)SHOWN_AFTER); i++)
		kt_strbuf_add_char(&sb, printable(place[i]));
	kt_strbuf_addf(&sb, "%s\n  %*s^", after > SHOWN_AFTER ? "..." : "",
		       (int)lead, "");
	if (kt_strbuf_failed(&sb))
		return kt_err_errno(p->err, -ENOMEM, "topology");
	return kt_err(p->err, -EINVAL, "topology: %s", kt_strbuf_text(&sb));
}

/* What stands at a place, for "expected ..., not %s". */
struct seen {
	char text[8];
};

static struct seen seen_at(const char *place)
{
	struct seen seen;

	if (*place == '\0')
		strcpy(seen.text, "the end");
	else
		snprintf(seen.text, sizeof(seen.text), "\"%c\"",
			 printable(*place));
	return seen;
}

static int expect(struct parser *p, char c, const char *what)
{
	if (*p->at != c)
		return parse_error(p, p->at, "expected \"%c\" after %s, not %s",
				   c, what, seen_at(p->at).text);
	p->at++;
	return 0;
}

static bool accept(struct parser *p, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(p->at, word, length) != 0)
		return false;
	p->at += length;
	return true;
}

static int parse_number(struct parser *p, const char *what, uint64_t max,
			uint64_t *ret)
{
	const char *start = p->at;
	uint64_t value = 0;

	if (!isdigit((unsigned char)*p->at))
		return parse_error(p, p->at, "expected %s (a number), not %s",
				   what, seen_at(p->at).text);
	while (isdigit((unsigned char)*p->at)) {
		uint64_t digit = (uint64_t)(*p->at++ - '0');

		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, digit, &value) || value > max)
			return parse_error(p, start,
					   "%s is too large, at most %" PRIu64,
					   what, max);
	}
	*ret = value;
	return 0;
}

static int parse_u32(struct parser *p, const char *what, uint32_t *ret)
{
	uint64_t value;
	int r = parse_number(p, what, UINT32_MAX, &value);

	if (r == 0)
		*ret = (uint32_t)value;
	return r;
}

static int parse_u8(struct parser *p, const char *what, uint8_t max, uint8_t *ret)
{
	uint64_t value;
	int r = parse_number(p, what, max, &value);

	if (r == 0)
		*ret = (uint8_t)value;
	return r;
}

/* NUMBER and its letter: "4c". */
static int parse_level(struct parser *p, const char *what, char letter,
		       uint32_t *ret)
{
	int r = parse_u32(p, what, ret);

	return r < 0 ? r : expect(p, letter, what);
}

/* A number and one of `units`, each 1024 times the one before it. */
static int parse_scaled(struct parser *p, const char *what, const char *units,
			bool unit_needed, uint64_t max, uint64_t *ret)
{
	const char *start = p->at, *unit;
	uint64_t value;
	int r;

	r = parse_number(p, what, UINT64_MAX, &value);
	if (r < 0)
		return r;
	unit = *p->at ? strchr(units, *p->at) : NULL;
	if (unit) {
		for (p->at++; unit > units; unit--) {
			if (__builtin_mul_overflow(value, 1024, &value))
				return parse_error(p, start, "%s is too large",
						   what);
		}
	} else if (unit_needed) {
		return parse_error(
			p, p->at, "expected a unit after %s (M, G or T), not %s",
			what, seen_at(p->at).text);
	}
	if (value > max)
		return parse_error(p, start, "%s is too large", what);
	*ret = value;
	return 0;
}

/* "a7", "w3": a reserved value by its number. */
static bool is_value_of(struct parser *p, char letter)
{
	if (p->at[0] != letter || !isdigit((unsigned char)p->at[1]))
		return false;
	p->at++;
	return true;
}

static int parse_cache_detail(struct parser *p,
			      struct ktstr_memory_side_cache *cache)
{
	uint64_t line_bytes;
	int r;

	if (accept(p, "direct")) {
		cache->associativity = KTSTR_CACHE_DIRECT_MAPPED;
	} else if (accept(p, "complex")) {
		cache->associativity = KTSTR_CACHE_COMPLEX_INDEXING;
	} else if (accept(p, "wb")) {
		cache->write_policy = KTSTR_CACHE_WRITE_BACK;
	} else if (accept(p, "wt")) {
		cache->write_policy = KTSTR_CACHE_WRITE_THROUGH;
	} else if (is_value_of(p, 'a')) {
		return parse_u8(p, "the cache's associativity", 15,
				&cache->associativity);
	} else if (is_value_of(p, 'w')) {
		return parse_u8(p, "the cache's write policy", 15,
				&cache->write_policy);
	} else if (isdigit((unsigned char)*p->at)) {
		r = parse_number(p, "the cache's line size", UINT16_MAX,
				 &line_bytes);
		if (r < 0)
			return r;
		cache->line_bytes = (uint16_t)line_bytes;
	} else {
		return parse_error(p, p->at,
				   "expected direct, complex, wb, wt or a line "
				   "size in bytes, not %s",
				   seen_at(p->at).text);
	}
	return 0;
}

static int parse_cache(struct parser *p, struct ktstr_memory_side_cache *cache)
{
	const char *start = p->at;
	int r;

	r = parse_scaled(p, "the cache's size", "BKMGT", false, UINT64_MAX,
			 &cache->size_bytes);
	if (r < 0)
		return r;
	if (cache->size_bytes == 0)
		return parse_error(p, start, "the cache's size must be > 0");
	while (accept(p, "/")) {
		r = parse_cache_detail(p, cache);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_attribute(struct parser *p, struct ktstr_numa_node *node)
{
	const char *start = p->at;
	uint64_t memory_mib;
	bool twice;
	int r;

	if (accept(p, "lat=")) {
		twice = node->latency_ns != 0;
		r = parse_u32(p, "the latency in ns", &node->latency_ns);
	} else if (accept(p, "bw=")) {
		twice = node->bandwidth_mbs != 0;
		r = parse_u32(p, "the bandwidth in MB/s", &node->bandwidth_mbs);
	} else if (accept(p, "cache=")) {
		twice = node->cache.size_bytes != 0;
		r = parse_cache(p, &node->cache);
	} else if (isdigit((unsigned char)*p->at)) {
		twice = node->memory_mib != 0;
		r = parse_scaled(p, "the node's memory", "MGT", true,
				 UINT32_MAX, &memory_mib);
		if (r == 0)
			node->memory_mib = (uint32_t)memory_mib;
	} else {
		return parse_error(p, p->at,
				   "expected a node's memory (such as 512M), "
				   "lat=NS, bw=MBS or cache=SIZE, not %s",
				   seen_at(p->at).text);
	}
	if (r == 0 && twice)
		return parse_error(p, start, "given twice for one node");
	return r;
}

static int parse_node(struct parser *p, struct ktstr_numa_node *node)
{
	int r;

	r = parse_level(p, "the node's LLCs", 'l', &node->llcs);
	if (r < 0)
		return r;
	while (accept(p, ",")) {
		r = parse_attribute(p, node);
		if (r < 0)
			return r;
	}
	if (*p->at != ')')
		return parse_error(
			p, p->at, "expected \",\" or \")\" in the node, not %s",
			seen_at(p->at).text);
	p->at++;
	return 0;
}

static int parse_nodes(struct parser *p, struct kt_topology_text *t)
{
	uint32_t n = t->topology.numa_nodes;
	int r;

	t->nodes = calloc(n, sizeof(*t->nodes));
	if (!t->nodes)
		return kt_err_errno(p->err, -ENOMEM, "topology");
	for (uint32_t i = 0; i < n; i++) {
		if (*p->at != '(')
			return parse_error(p, p->at,
					   "%u nodes announced, but only %u "
					   "listed",
					   n, i);
		p->at++;
		r = parse_node(p, &t->nodes[i]);
		if (r < 0)
			return r;
		t->topology.llcs += t->nodes[i].llcs;
	}
	if (*p->at == '(')
		return parse_error(p, p->at,
				   "%u nodes announced, but more listed", n);
	t->topology.nodes = t->nodes;
	return 0;
}

static int parse_distances(struct parser *p, struct kt_topology_text *t)
{
	uint32_t n = t->topology.numa_nodes;
	size_t count = (size_t)n * n;
	int r;

	t->distances = calloc(n, n);
	if (!t->distances)
		return kt_err_errno(p->err, -ENOMEM, "topology");
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && !accept(p, ","))
			return parse_error(p, p->at,
					   "%u nodes need %zu distances, not "
					   "%zu",
					   n, count, i);
		r = parse_u8(p, "the distance", UINT8_MAX, &t->distances[i]);
		if (r < 0)
			return r;
	}
	if (*p->at == ',')
		return parse_error(p, p->at,
				   "%u nodes need %zu distances, not more", n,
				   count);
	t->topology.distances = t->distances;
	return 0;
}

static int parse_levels(struct parser *p, struct kt_topology_text *t)
{
	struct ktstr_topology *declared = &t->topology;
	int r;

	p->nodes = p->at;
	r = parse_level(p, text_words.numa_nodes, 'n',
			&declared->numa_nodes);
	if (r < 0)
		return r;
	/* Bounds the tables below before they are made. */
	if (declared->numa_nodes == 0)
		return parse_error(p, p->text, "%s must be > 0",
				   text_words.numa_nodes);
	if (declared->numa_nodes > KT_TOPOLOGY_MAX_NODES)
		return parse_error(p, p->text, "at most %u NUMA nodes",
				   KT_TOPOLOGY_MAX_NODES);
	p->llcs = p->at;
	if (*p->at == '(')
		r = parse_nodes(p, t);
	else
		r = parse_level(p, text_words.llcs, 'l', &declared->llcs);
	if (r < 0)
		return r;
	p->cores = p->at;
	r = parse_level(p, text_words.cores_per_llc, 'c',
			&declared->cores_per_llc);
	if (r < 0)
		return r;
	p->threads = p->at;
	r = parse_level(p, text_words.threads_per_core, 't',
			&declared->threads_per_core);
	if (r < 0)
		return r;
	if (accept(p, ";d=")) {
		p->distances = p->at;
		r = parse_distances(p, t);
	}
	if (r < 0)
		return r;
	if (*p->at)
		return parse_error(p, p->at, "expected%s the end, not %s",
				   t->distances ? "" : " \";d=\" or",
				   seen_at(p->at).text);
	return 0;
}

/* The start of item `index`, each behind one `separator`. */
static const char *find_item(const char *at, char separator, size_t index)
{
	while (index-- > 0)
		at = strchr(at, separator) + 1;
	return at;
}

/* What was written is well-formed: all parts have been seen. */
static const char *place_of(const struct parser *p,
			    const struct kt_topology_fault *fault)
{
	switch (fault->part) {
	case KT_TOPOLOGY_PART_NODES:
		return p->nodes;
	case KT_TOPOLOGY_PART_LLCS:
		return p->llcs;
	case KT_TOPOLOGY_PART_CORES:
		return p->cores;
	case KT_TOPOLOGY_PART_THREADS:
		return p->threads;
	case KT_TOPOLOGY_PART_NODE:
		return find_item(p->llcs + 1, '(', fault->index);
	case KT_TOPOLOGY_PART_DISTANCE:
		return find_item(p->distances, ',', fault->index);
	}
	return p->text;
}

static int check_whole(struct parser *p, const struct ktstr_topology *declared)
{
	struct kt_topology_fault fault;
	struct ktstr_error why = { 0 };

	if (kt_topology_check(declared, &text_words, &fault, &why) == 0)
		return 0;
	return parse_error(p, place_of(p, &fault), "%s", why.message);
}

static int parse_preset(const char *text, struct kt_topology_text *ret,
			struct ktstr_error *err)
{
	const struct kt_topology_preset *preset = kt_topology_preset(text);
	struct kt_suggestion near = {.word = text};
	size_t n;

	if (preset) {
		ret->topology = preset->topology;
		return 0;
	}
	preset = kt_topology_presets(&n);
	for (size_t i = 0; i < n; i++)
		kt_suggestion_offer(&near, preset[i].name);
	if (near.best)
		return kt_err(err, -EINVAL,
			      "topology: no preset \"%s\"; did you mean %s?",
			      text, near.best);
	return kt_err(err, -EINVAL,
		      "topology: no preset \"%.60s\", and no topology such as "
		      "1n2l4c2t either (nodes, LLCs, cores an LLC, threads a "
		      "core)",
		      text);
}

int kt_topology_parse(const char *text, struct kt_topology_text *ret,
		      struct ktstr_error *err)
{
	struct parser p = {.text = text, .at = text, .err = err};
	_cleanup_topology_text_ struct kt_topology_text t = {0};
	int r;

	if (!*text)
		return kt_err(err, -EINVAL,
			      "topology: the text is empty; write one such as "
			      "1n2l4c2t, or the name of a preset");
	if (isalpha((unsigned char)*text))
		r = parse_preset(text, &t, err);
	else
		r = parse_levels(&p, &t);
	if (r == 0 && p.nodes)
		r = check_whole(&p, &t.topology);
	if (r < 0)
		return r;
	*ret = t;
	t = (struct kt_topology_text){0};
	return 0;
}
