/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A file of the cache that is being made. It has no name until it is whole, so
 * a maker that dies leaves nothing; or, on a file system that knows no
 * O_TMPFILE (9p, NFS), a temporary one that begins with KT_DRAFT_PREFIX.
 */

#define KT_DRAFT_PREFIX     "draft-"
#define KT_DRAFT_NAME_BYTES 64

struct kt_draft {
	int directory_fd;
	int fd;
	char name[KT_DRAFT_NAME_BYTES]; /* "" for none */
};

/* Drops the draft; what was published stays. One with an fd of -1 is empty. */
void kt_draft_deinit(struct kt_draft *draft);

/* Begins a file in that directory, which is borrowed. 0 or -errno. */
int kt_draft_open(struct kt_draft *draft, int directory_fd);

/* As above, always with a temporary name. */
int kt_draft_open_named(struct kt_draft *draft, int directory_fd);

/* Gives the finished file its name; -EEXIST when it is taken. */
int kt_draft_publish(const struct kt_draft *draft, const char *name);
