/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The guest's initramfs: two newc archives that the kernel unpacks one behind
 * the other.
 *
 *	gpa		gpa + run_bytes
 *	+------------+--+---------------------------+--+
 *	| run TRAILER| 0| base	   sentinel TRAILER | 0|
 *	+------------+--+---------------------------+--+
 *	  of this run	  cached by content, shared
 *
 * The run part holds init and the files that it reads. The base holds what
 * wire/guest_files.h promises of directories, busybox with links to its applets
 * (unpacked beside the kernel's other work, where `busybox --install` would
 * hold init up), the extra binaries, the included files, kernel modules, and
 * the shared libraries of all these and of init. Its last member, and so the
 * last of all, is the sentinel. The kernel goes on when the guest's memory was
 * too small to unpack everything: init is there by then, sees no sentinel, and
 * says so.
 *
 * The kernel skips zero bytes between archives and wants each to begin at a
 * multiple of four (init/initramfs.c): both are padded to whole pages.
 *
 * The base comes from `<cache root>/initramfs/`, see base_cache.h. Whether the
 * one there still fits is told by stat() of the host's files that it was made
 * from, so a warm call costs well under a millisecond and the reading of init.
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

/*
 * What goes in; all borrowed for the call. Libraries follow as ld.so finds
 * them, LD_LIBRARY_PATH included (closure.h). Debug sections are dropped from
 * init and libraries; all else stays byte for byte.
 */
struct kt_initramfs_spec {
	const char *init_binary;     /* becomes /init */
	const char *const *run_args; /* NULL-terminated; NULL: none */
	const char *exec_cmd;        /* NULL: no command */
	const char *const *scheduler; /* as KT_GUEST_SCHEDULER; NULL: none */
	const char *const *enable_lines; /* NULL: none; as the next */
	const char *const *disable_lines;
	bool await_go; /* KT_GUEST_AWAIT_GO */
	const char *kernel_release;  /* for /lib/modules/RELEASE */
	const char *modules_dir;     /* NULL: no modules */
	const char *const *modules;  /* by name, NULL-terminated; what they
				      * need comes too; built-in ones are
				      * left out; NULL: none */
	bool busybox;                /* the host's, from PATH, /bin, /usr/bin */
	const struct kt_initramfs_file *binaries; /* mode 0755 */
	size_t n_binaries;
	/* Regular files, mode 0755 or 0644 by their exec bits. An archive path
	 * may take the place of an applet or a library, and of nothing else. A
	 * program whose libraries are missing is packed with a warning. */
	const struct kt_initramfs_file *include_files;
	size_t n_include_files;
	const char *const *environment; /* "NAME=value" for init, or NULL */
};

#define KT_INITRAMFS_PAGE_BYTES 4096

/*
 * A finished initramfs, both parts in whole pages. base_fd can be read and
 * mapped, not written; the file goes on behind base_bytes with what is the
 * cache's own.
 */
struct kt_initramfs {
	int base_fd;
	uint64_t base_bytes;
	uint8_t *run;
	uint64_t run_bytes;
	uint64_t unpacked_bytes; /* what the members occupy in the guest */
};

/*
 * Makes one. Any number of threads and processes may do so at once. Warnings go
 * to `log`: a cache that cannot be used (the base is then made in memory, each
 * time), an included program that will not find its libraries.
 */
int kt_initramfs_build(const struct kt_initramfs_spec *spec,
		       const struct ktstr_log *log, struct kt_initramfs **ret,
		       struct ktstr_error *err);
void kt_initramfs_free(struct kt_initramfs *initramfs);
