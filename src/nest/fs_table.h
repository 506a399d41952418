/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What the guest knows of the host's files: inodes by number, with a count of
 * how often it was told of each, and open files by handle.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

/* An inode's times and size, to tell whether its contents may have changed. */
struct kt_fs_stamp {
	struct timespec mtime;
	struct timespec ctime;
	off_t size;
};

struct kt_fs_inode {
	int fd; /* O_PATH */
	dev_t dev;
	ino_t ino;
	mode_t type; /* S_IFMT part */
	uint64_t lookups;
	struct kt_fs_stamp opened; /* when last opened; the guest's cache */
	uint32_t next;             /* in its bucket; 0: none */
};

#define KT_FS_BUCKETS 8192
#define KT_FS_DEVICES 64

struct kt_fs_table {
	struct kt_fs_inode *inodes; /* by number; number 0 is unused */
	uint32_t n_inodes;
	uint32_t free; /* first free number, linked by `next` */
	size_t n_used;
	uint32_t buckets[KT_FS_BUCKETS];

	int *files; /* by handle; -1: free */
	uint32_t n_files;
	size_t n_open;

	dev_t devices[KT_FS_DEVICES]; /* [0] is the root's */
	uint32_t n_devices;
};

void kt_fs_table_deinit(struct kt_fs_table *table);

/* The inode of that number, NULL when the guest was never told of it. */
struct kt_fs_inode *kt_fs_table_inode(struct kt_fs_table *table, uint64_t number);

/*
 * Counts one more lookup of the file behind the O_PATH descriptor `fd`, which
 * the table takes over in any case. 0, or -ENOMEM.
 */
int kt_fs_table_add(struct kt_fs_table *table, int fd, const struct stat *st,
		    uint64_t *ret_number);

/* The guest forgets `count` lookups. */
void kt_fs_table_forget(struct kt_fs_table *table, uint64_t number,
			uint64_t count);

/* Takes the descriptor over in any case. 0, or -ENOMEM. */
int kt_fs_table_open(struct kt_fs_table *table, int fd, uint64_t *ret_handle);
int kt_fs_table_file(const struct kt_fs_table *table, uint64_t handle);
void kt_fs_table_close(struct kt_fs_table *table, uint64_t handle);

/*
 * An inode number that is unique over all file systems of the tree, which the
 * guest sees as one: programs tell files apart by it.
 */
uint64_t kt_fs_table_unique_ino(struct kt_fs_table *table, dev_t dev, ino_t ino);
