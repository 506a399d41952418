// SPDX-License-Identifier: GPL-2.0-only
#include "guest/kallsyms.h"

#include <fcntl.h>
#include <string.h>

#include "base/macro.h"
#include "guest/ksym.h"

/* KSYM_NAME_LEN is 512 since v6.1; address, type and module come on top. */
#define KALLSYMS_LINE_BYTES  1024
#define KALLSYMS_CHUNK_BYTES (64 * 1024)

struct kallsyms_entry {
	const char *name; /* points into names, or is a constant */
	size_t length;
	uint64_t address;
	size_t partner; /* an asked name's alias and back; SIZE_MAX: none */
};

struct kt_kallsyms {
	char *names;
	struct kallsyms_entry *entries; /* the asked names, then aliases */
	size_t n_asked;
	size_t n_entries;
	size_t n_missing; /* asked names without an answer */
	uint32_t *slots;  /* open addressing: index + 1 into entries, 0: free */
	size_t slot_mask;

	char line[KALLSYMS_LINE_BYTES];
	size_t line_length;
	bool line_too_long;
};

static const struct {
	const char *name;
	const char *known_as;
} kallsyms_aliases[] = {
	{"swapper_pg_dir", "init_top_pgt"},
};

static uint32_t kallsyms_hash(const char *name, size_t length)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (uint8_t)name[i]) * 16777619u;
	return hash;
}

static void kallsyms_insert(struct kt_kallsyms *ks, size_t entry)
{
	const struct kallsyms_entry *e = &ks->entries[entry];
	size_t slot = kallsyms_hash(e->name, e->length) & ks->slot_mask;

	while (ks->slots[slot])
		slot = (slot + 1) & ks->slot_mask;
	ks->slots[slot] = (uint32_t)entry + 1;
}

static size_t kallsyms_count_names(const char *names, size_t length)
{
	size_t count = 0;

	for (size_t at = 0; at < length;) {
		size_t n = strnlen(names + at, length - at);

		if (n == 0)
			return 0;
		count++;
		at += n + 1;
	}
	return count;
}

static void kallsyms_add_alias(struct kt_kallsyms *ks, size_t asked)
{
	for (size_t i = 0; i < KT_ARRAY_SIZE(kallsyms_aliases); i++) {
		const char *known_as = kallsyms_aliases[i].known_as;

		if (strcmp(ks->entries[asked].name, kallsyms_aliases[i].name))
			continue;
		ks->entries[asked].partner = ks->n_entries;
		ks->entries[ks->n_entries++] = (struct kallsyms_entry){
			.name = known_as,
			.length = strlen(known_as),
			.partner = asked,
		};
	}
}

int kt_kallsyms_create(const void *names, size_t length, struct kt_kallsyms **ret)
{
	_cleanup_(kt_kallsyms_free_cleanup) struct kt_kallsyms *ks = NULL;
	size_t count = kallsyms_count_names(names, length);
	size_t n_slots = 16;

	if (count == 0)
		return -EINVAL;
	ks = calloc(1, sizeof(*ks));
	if (!ks)
		return -ENOMEM;

	/* Each asked name brings in one alias at most. */
	while (n_slots < 4 * count)
		n_slots *= 2;
	ks->names = malloc(length + 1);
	ks->entries = calloc(2 * count, sizeof(*ks->entries));
	ks->slots = calloc(n_slots, sizeof(*ks->slots));
	if (!ks->names || !ks->entries || !ks->slots)
		return -ENOMEM;
	ks->slot_mask = n_slots - 1;
	memcpy(ks->names, names, length);
	ks->names[length] = '\0';

	for (const char *name = ks->names; ks->n_entries < count;) {
		size_t n = strlen(name);

		ks->entries[ks->n_entries++] = (struct kallsyms_entry){
			.name = name,
			.length = n,
			.partner = SIZE_MAX,
		};
		name += n + 1;
	}
	ks->n_asked = count;
	for (size_t i = 0; i < count; i++)
		kallsyms_add_alias(ks, i);
	for (size_t i = 0; i < ks->n_entries; i++)
		kallsyms_insert(ks, i);
	ks->n_missing = count;
	*ret = TAKE_PTR(ks);
	return 0;
}

void kt_kallsyms_free(struct kt_kallsyms *ks)
{
	if (!ks)
		return;
	free(ks->names);
	free(ks->entries);
	free(ks->slots);
	free(ks);
}

/* A name may be asked for twice, and then has two entries. */
static void kallsyms_found(struct kt_kallsyms *ks, const char *name,
			   size_t length, uint64_t address)
{
	size_t slot = kallsyms_hash(name, length) & ks->slot_mask;

	for (; ks->slots[slot]; slot = (slot + 1) & ks->slot_mask) {
		struct kallsyms_entry *e = &ks->entries[ks->slots[slot] - 1];

		if (e->address || e->length != length ||
		    memcmp(e->name, name, length))
			continue;
		e->address = address;
		if (e->partner == SIZE_MAX || !ks->entries[e->partner].address)
			ks->n_missing--;
	}
}

/* "ffffffff82a1c480 d init_top_pgt" or "... t virtqueue_add\t[virtio]" */
static void kallsyms_parse_line(struct kt_kallsyms *ks, const char *line,
				size_t length)
{
	uint64_t address = 0;
	const char *name;
	size_t at = 0;

	for (; at < length && line[at] != ' '; at++) {
		char c = line[at];
		unsigned int digit;

		if (c >= '0' && c <= '9')
			digit = (unsigned int)(c - '0');
		else if (c >= 'a' && c <= 'f')
			digit = (unsigned int)(c - 'a') + 10;
		else
			return;
		address = address << 4 | digit;
	}
	/* Zeros are what a reader without the rights is shown. */
	if (!address || at + 3 >= length || line[at + 2] != ' ')
		return;

	name = line + at + 3;
	length -= at + 3;
	for (at = 0; at < length && name[at] != '\t' && name[at] != ' '; at++)
		;
	kallsyms_found(ks, name, at, address);
}

bool kt_kallsyms_feed(struct kt_kallsyms *ks, const char *text, size_t length)
{
	while (length > 0 && ks->n_missing > 0) {
		const char *end = memchr(text, '\n', length);
		size_t part = end ? (size_t)(end - text) : length;

		if (end && ks->line_length == 0 && !ks->line_too_long) {
			kallsyms_parse_line(ks, text, part);
		} else if (part > sizeof(ks->line) - ks->line_length) {
			ks->line_too_long = true;
		} else {
			memcpy(ks->line + ks->line_length, text, part);
			ks->line_length += part;
			if (end && !ks->line_too_long)
				kallsyms_parse_line(ks, ks->line,
						    ks->line_length);
		}
		if (!end)
			break;
		ks->line_length = 0;
		ks->line_too_long = false;
		text = end + 1;
		length -= part + 1;
	}
	return ks->n_missing == 0;
}

void kt_kallsyms_answer(const struct kt_kallsyms *ks, struct kt_strbuf *ret)
{
	for (size_t i = 0; i < ks->n_asked; i++) {
		const struct kallsyms_entry *e = &ks->entries[i];
		uint64_t address = e->address;
		uint8_t le[8];

		if (!address && e->partner != SIZE_MAX)
			address = ks->entries[e->partner].address;
		for (size_t k = 0; k < sizeof(le); k++)
			le[k] = (uint8_t)(address >> (8 * k));
		kt_strbuf_add_bytes(ret, le, sizeof(le));
		kt_strbuf_add_bytes(ret, e->name, e->length + 1);
	}
}

int kt_kallsyms_read(struct kt_kallsyms *ks, const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *chunk = NULL;

	if (fd < 0)
		return -errno;
	chunk = malloc(KALLSYMS_CHUNK_BYTES);
	if (!chunk)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(fd, chunk, KALLSYMS_CHUNK_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			/* The last line may lack its newline. */
			kt_kallsyms_feed(ks, "\n", 1);
		if (n == 0 || kt_kallsyms_feed(ks, chunk, (size_t)n))
			return 0;
	}
}

int kt_kallsyms_ask(struct kt_kallsyms *ks)
{
	struct kt_ksym ksym;
	int r = kt_ksym_init(&ksym);

	for (size_t i = 0; r == 0 && i < ks->n_entries; i++) {
		const struct kallsyms_entry *e = &ks->entries[i];
		uint64_t address;

		r = kt_ksym_find(&ksym, e->name, &address);
		if (r == 0)
			kallsyms_found(ks, e->name, e->length, address);
		else if (r == -ENOENT)
			r = 0;
	}
	kt_ksym_deinit(&ksym);
	return r;
}
