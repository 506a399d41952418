/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The directory lists of ld.so: colon-separated paths with $ORIGIN, $LIB and
 * $PLATFORM in them.
 */

#include "base/strbuf.h"
#include "initramfs/elf_dynamic.h"

/* What the names between "$" and the next character stand for. */
struct kt_ld_tokens {
	const char *origin;   /* directory of the file whose list it is */
	const char *lib;      /* "lib/x86_64-linux-gnu", "lib64", "lib" */
	const char *platform; /* "x86_64" */
};

/* The default directories of a machine's ld.so, NULL-terminated. */
const char *const *kt_ld_default_directories(const struct kt_elf_abi *abi);

/*
 * What $LIB may stand for, NULL-terminated. It is compiled into ld.so, in one
 * way by Debian and in another by everybody else; all are tried.
 */
const char *const *kt_ld_lib_names(const struct kt_elf_abi *abi);

/* What $PLATFORM stands for: the baseline's name. */
const char *kt_ld_platform(const struct kt_elf_abi *abi);

/* Appends `length` bytes of `text`, tokens expanded. Whether any was $LIB. */
bool kt_ld_expand(const char *text, size_t length,
		  const struct kt_ld_tokens *tokens, struct kt_strbuf *ret);
