// SPDX-License-Identifier: GPL-2.0-only
#include <assert.h>
#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "initramfs/ld_cache.h"

#define OLD_MAGIC "ld.so-1.7.0"
#define NEW_MAGIC "glibc-ld.so.cache1.1"

/* The older format: the magic and a NUL, a count, entries of 12 bytes. */
#define OLD_HEADER_BYTES 16
#define OLD_ENTRY_BYTES  12

/* cache_file_new.flags: the file's byte order is known to be little-endian. */
#define ENDIAN_LITTLE 2

#define FLAGS_UNKNOWN (-1)

struct ld_cache_header {
	char magic[20];
	uint32_t n_entries;
	uint32_t string_bytes;
	uint8_t flags;
	uint8_t reserved[3];
	uint32_t extension_offset;
	uint32_t unused[3];
};

struct ld_cache_record {
	int32_t flags;
	uint32_t name;
	uint32_t path;
	uint32_t os_version;
	uint64_t hwcap;
};

static_assert(sizeof(struct ld_cache_header) == 48, "as glibc lays it out");
static_assert(sizeof(struct ld_cache_record) == 24, "as glibc lays it out");

/* FLAG_ELF_LIBC6 with the architecture's own bits. */
static int32_t abi_flags(const struct kt_elf_abi *abi)
{
	const bool is_64 = abi->elf_class == ELFCLASS64;

	if (abi->data != ELFDATA2LSB)
		return FLAGS_UNKNOWN;
	switch (abi->machine) {
	case EM_X86_64:
		return is_64 ? 0x0303 : 0x0803;
	case EM_386:
		return 0x0003;
	case EM_AARCH64:
		return 0x0a03;
	default:
		return FLAGS_UNKNOWN;
	}
}

static struct ld_cache_record record_at(const struct kt_ld_cache *cache,
					uint32_t i)
{
	struct ld_cache_record record;

	memcpy(&record,
	       cache->data + sizeof(struct ld_cache_header) +
		       (size_t)i * sizeof(record),
	       sizeof(record));
	return record;
}

/* A string inside the file, or NULL. */
static const char *string_at(const struct kt_ld_cache *cache, uint32_t offset)
{
	if (offset >= cache->bytes ||
	    !memchr(cache->data + offset, '\0', cache->bytes - offset))
		return NULL;
	return (const char *)cache->data + offset;
}

/* How many bytes of the older format stand in front; 0 for none. */
static size_t old_format_bytes(const uint8_t *data, size_t bytes)
{
	uint32_t n;
	uint64_t end;

	if (bytes < OLD_HEADER_BYTES ||
	    memcmp(data, OLD_MAGIC, strlen(OLD_MAGIC)))
		return 0;
	memcpy(&n, data + 12, sizeof(n));
	end = OLD_HEADER_BYTES + (uint64_t)n * OLD_ENTRY_BYTES;
	end = KT_ALIGN_UP(end, 8);
	return end < bytes ? (size_t)end : 0;
}

int kt_ld_cache_parse(const void *data, size_t bytes, struct kt_ld_cache *ret)
{
	size_t skip = old_format_bytes(data, bytes);
	struct ld_cache_header header;
	struct kt_ld_cache cache;

	cache.data = (const uint8_t *)data + skip;
	cache.bytes = bytes - skip;
	if (cache.bytes < sizeof(header))
		return -EBADMSG;
	memcpy(&header, cache.data, sizeof(header));
	if (memcmp(header.magic, NEW_MAGIC, sizeof(header.magic)) ||
	    header.n_entries > (cache.bytes - sizeof(header)) /
				       sizeof(struct ld_cache_record))
		return -EBADMSG;
	cache.n_entries = header.n_entries;
	*ret = cache;
	return 0;
}

const char *kt_ld_cache_find(const struct kt_ld_cache *cache, const char *name,
			     const struct kt_elf_abi *abi)
{
	const int32_t flags = abi_flags(abi);

	for (uint32_t i = 0; i < cache->n_entries; i++) {
		const struct ld_cache_record record = record_at(cache, i);
		const char *listed;

		if (flags == FLAGS_UNKNOWN || record.flags != flags ||
		    record.hwcap)
			continue;
		listed = string_at(cache, record.name);
		if (listed && !strcmp(listed, name))
			return string_at(cache, record.path);
	}
	return NULL;
}

/*
 * The order in which ld.so searches: descending by this comparison, in which
 * runs of digits count as numbers.
 */
static int name_compare(const char *a, const char *b)
{
	while (*a) {
		if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
			unsigned long long x, y;
			char *end_a, *end_b;

			x = strtoull(a, &end_a, 10);
			y = strtoull(b, &end_b, 10);
			if (x != y)
				return x < y ? -1 : 1;
			a = end_a;
			b = end_b;
		} else if (isdigit((unsigned char)*a)) {
			return 1;
		} else if (isdigit((unsigned char)*b)) {
			return -1;
		} else if (*a != *b) {
			return *a < *b ? -1 : 1;
		} else {
			a++;
			b++;
		}
	}
	return *a - *b;
}

static int descending(const void *a, const void *b)
{
	const struct kt_ld_cache_entry *x = a, *y = b;

	return name_compare(y->name, x->name);
}

int kt_ld_cache_write(struct kt_ld_cache_entry *entries, size_t n_entries,
		      struct kt_strbuf *ret)
{
	struct ld_cache_header header = { .flags = ENDIAN_LITTLE };
	size_t n = 0;
	uint32_t at;

	for (size_t i = 0; i < n_entries; i++)
		if (abi_flags(&entries[i].abi) != FLAGS_UNKNOWN)
			entries[n++] = entries[i];
	qsort(entries, n, sizeof(*entries), descending);
	memcpy(header.magic, NEW_MAGIC, sizeof(header.magic));
	header.n_entries = (uint32_t)n;
	for (size_t i = 0; i < n; i++)
		header.string_bytes += (uint32_t)(strlen(entries[i].name) +
						  strlen(entries[i].path) + 2);
	kt_strbuf_add_bytes(ret, &header, sizeof(header));
	at = (uint32_t)(sizeof(header) + n * sizeof(struct ld_cache_record));
	for (size_t i = 0; i < n; i++) {
		struct ld_cache_record record = {
			.flags = abi_flags(&entries[i].abi),
			.name = at,
		};

		record.path = at + (uint32_t)strlen(entries[i].name) + 1;
		at = record.path + (uint32_t)strlen(entries[i].path) + 1;
		kt_strbuf_add_bytes(ret, &record, sizeof(record));
	}
	for (size_t i = 0; i < n; i++) {
		kt_strbuf_add_bytes(ret, entries[i].name,
				    strlen(entries[i].name) + 1);
		kt_strbuf_add_bytes(ret, entries[i].path,
				    strlen(entries[i].path) + 1);
	}
	return kt_strbuf_failed(ret) ? -ENOMEM : 0;
}
