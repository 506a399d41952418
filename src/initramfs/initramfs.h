/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The guest's initramfs, in two parts that the kernel unpacks one behind the
 * other: a base (busybox, libraries, extra binaries, modules, included files,
 * sentinel) that is made once and cached by content, and a small part for this
 * run (init, its arguments, scripts).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"

struct kt_initramfs_file {
	const char *archive_path;
	const char *host_path;
};

/* What goes in; all borrowed for the call. */
struct kt_initramfs_spec {
	const char *init_binary;     /* becomes /init, debug sections dropped */
	const char *const *run_args; /* NULL-terminated; NULL: none */
	const char *exec_cmd;        /* NULL: no command */
	const char *kernel_release;
	const char *modules_dir;    /* NULL: no modules */
	const char *const *modules; /* by name; dependencies follow */
	bool busybox;
	const struct kt_initramfs_file *binaries; /* byte for byte, mode 0755;
						   * their libraries follow */
	size_t n_binaries;
	const struct kt_initramfs_file *include_files;
	size_t n_include_files;
	const char *const *environment; /* "NAME=value" for init, or NULL */
};

/*
 * A finished archive. The base is a file in the cache, to be mapped privately
 * so that concurrent VMs share its pages; it is padded with zero bytes to a
 * whole number of pages. The run part follows it in guest memory.
 */
struct kt_initramfs {
	int base_fd;
	uint64_t base_bytes;
	uint8_t *run;
	uint64_t run_bytes;
	uint64_t unpacked_bytes; /* what the members occupy in the guest */
};

int kt_initramfs_build(const struct kt_initramfs_spec *spec,
		       const struct ktstr_log *log, struct kt_initramfs **ret,
		       struct ktstr_error *err);
void kt_initramfs_free(struct kt_initramfs *initramfs);
