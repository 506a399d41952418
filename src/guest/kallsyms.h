/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Addresses of kernel symbols out of the text of /proc/kallsyms, in one pass
 * and without holding the text, which is some 10 MiB.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

struct kt_kallsyms; /* opaque */

/*
 * Takes the names to look for as the payload of a KT_FRAME_SYMBOLS: each ended
 * by a NUL, the last one optionally. Copies them. -EINVAL for an empty name.
 */
int kt_kallsyms_create(const void *names, size_t length,
		       struct kt_kallsyms **ret);
void kt_kallsyms_free(struct kt_kallsyms *ks);
KT_DEFINE_CLEANUP(struct kt_kallsyms *, kt_kallsyms_free)

/*
 * Looks through the next piece of the text; lines may be cut anywhere between
 * two pieces. Of several symbols of one name the first counts: the kernel's
 * own come before those of modules. Returns true once every name is found.
 */
bool kt_kallsyms_feed(struct kt_kallsyms *ks, const char *text, size_t length);

/*
 * Appends the payload of a KT_FRAME_KERNEL_ADDRESSES, {u64 little-endian,
 * name, NUL} for each name in the order asked; address 0 where the kernel has
 * no such symbol. A name that the kernel knows under another one is answered
 * with that one's address: swapper_pg_dir is init_top_pgt on x86-64, a mere
 * macro since v4.14 (65ade2f872b4, "x86/boot/64: Rename init_level4_pgt").
 */
void kt_kallsyms_answer(const struct kt_kallsyms *ks, struct kt_strbuf *ret);

/*
 * Asks the kernel for each name, which takes no time to speak of. -errno where
 * it does not answer: then read what it prints.
 */
int kt_kallsyms_ask(struct kt_kallsyms *ks);

/*
 * Reads /proc/kallsyms, or another file of its form, to the end or until all
 * names are found. 0 or -errno. Takes a few tenths of a second.
 */
int kt_kallsyms_read(struct kt_kallsyms *ks, const char *path);
