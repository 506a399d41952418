/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * ld.so.cache: where ldconfig(8) found which library. The format "1.1" of
 * glibc (sysdeps/generic/dl-cache.h), alone or behind the older one:
 *
 *	"glibc-ld.so.cache" "1.1"   20 bytes
 *	count of entries	    u32
 *	bytes of strings	    u32
 *	flags, reserved		    4 + 4 + 12 bytes
 *	entries, 24 bytes each:	    flags i32, name u32, path u32,
 *				    os version u32, hwcap u64
 *	strings
 *
 * with names and paths as offsets from the header's first byte.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "initramfs/elf_dynamic.h"

/* A view into a text that the caller keeps; zero-initialised: no entries. */
struct kt_ld_cache {
	const uint8_t *data; /* at the header of format 1.1 */
	size_t bytes;
	uint32_t n_entries;
};

/* Checks the header and the table's bounds; -EBADMSG when it is none. */
int kt_ld_cache_parse(const void *data, size_t bytes, struct kt_ld_cache *ret);

/*
 * The path under which `name` is listed for that kind of file, or NULL. The
 * plain build only, never one for certain CPUs (glibc-hwcaps): the guest's CPU
 * need not be the host's.
 */
const char *kt_ld_cache_find(const struct kt_ld_cache *cache, const char *name,
			     const struct kt_elf_abi *abi);

struct kt_ld_cache_entry {
	const char *name;
	const char *path;
	struct kt_elf_abi abi;
};

/*
 * Appends a cache of `entries`, which it sorts in place. Entries of an
 * architecture whose flags are not known are left out. 0 or -ENOMEM.
 */
int kt_ld_cache_write(struct kt_ld_cache_entry *entries, size_t n_entries,
		      struct kt_strbuf *ret);
