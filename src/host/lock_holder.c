// SPDX-License-Identifier: GPL-2.0-only
#include "host/lock_holder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"

#define PROC_LOCKS_MAX     (16u << 20)
#define PROC_FDINFO_MAX    (64u << 10)
#define PROC_MOUNTINFO_MAX (4u << 20)
#define PROC_CMDLINE_MAX   (1u << 20)
#define COMMAND_SHOWN      160
#define HOLDERS_SHOWN      3

/* A file as /proc/locks names it. */
struct file_key {
	unsigned int major, minor;
	uintmax_t inode;
};

struct proc_lock {
	struct file_key file;
	uint32_t pid;
	bool exclusive;
};

struct proc_locks {
	struct proc_lock *locks;
	size_t n;
};

static void proc_locks_deinit(struct proc_locks *locks)
{
	free(locks->locks);
}

/*
 * "1: FLOCK  ADVISORY  WRITE 123 fe:01:4567 0 EOF", proc_locks(5). A line with
 * "->" behind the number is of one who waits.
 */
static bool is_of(const struct proc_lock *lock, const struct file_key *file)
{
	return lock->file.inode == file->inode &&
	       lock->file.major == file->major &&
	       lock->file.minor == file->minor;
}

/* The file is a list that moves while it is read: what is there may come twice. */
static bool is_known(const struct proc_locks *locks, const struct proc_lock *lock)
{
	for (size_t i = 0; i < locks->n; i++) {
		if (is_of(&locks->locks[i], &lock->file) &&
		    locks->locks[i].pid == lock->pid)
			return true;
	}
	return false;
}

static int proc_locks_read(struct proc_locks *ret)
{
	_cleanup_free_ char *text = NULL;
	char *line, *rest;
	int r = kt_read_file("/proc/locks", PROC_LOCKS_MAX, &text, NULL);
	size_t room = 1;

	if (r < 0)
		return r;
	for (const char *c = text; *c; c++)
		room += *c == '\n';
	ret->locks = calloc(room, sizeof(*ret->locks));
	if (!ret->locks)
		return -ENOMEM;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		struct proc_lock *lock = &ret->locks[ret->n];
		char mode[16];
		int pid;

		if (sscanf(line, "%*d: FLOCK %*15s %15s %d %x:%x:%ju ", mode,
			   &pid, &lock->file.major, &lock->file.minor,
			   &lock->file.inode) != 5 ||
		    pid <= 0)
			continue;
		lock->pid = (uint32_t)pid;
		lock->exclusive = strcmp(mode, "WRITE") == 0;
		if (!is_known(ret, lock))
			ret->n++;
	}
	return 0;
}

static bool find_number(const char *text, const char *name, uintmax_t *ret)
{
	const char *at = strstr(text, name);

	return at && sscanf(at + strlen(name), " %ju", ret) == 1;
}

/* "36 35 98:0 /root /mnt ...", proc_pid_mountinfo(5). */
static bool find_mount(uintmax_t id, struct file_key *ret)
{
	_cleanup_free_ char *text = NULL;
	char *line, *rest;

	if (kt_read_file("/proc/self/mountinfo", PROC_MOUNTINFO_MAX, &text,
			 NULL) < 0)
		return false;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		uintmax_t this;

		if (sscanf(line, "%ju %*d %u:%u ", &this, &ret->major,
			   &ret->minor) == 3 &&
		    this == id)
			return true;
	}
	return false;
}

/*
 * stat(2) answers for btrfs and overlays with a device that is not the file
 * system's, and the lock's is; the mount that a descriptor is of has it.
 */
static int file_key_of(int fd, struct file_key *ret)
{
	_cleanup_free_ char *info = NULL;
	uintmax_t number;
	struct stat st;
	char path[64];

	if (fstat(fd, &st) < 0)
		return -errno;
	ret->inode = st.st_ino;
	ret->major = major(st.st_dev);
	ret->minor = minor(st.st_dev);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (kt_read_file(path, PROC_FDINFO_MAX, &info, NULL) < 0)
		return 0;
	if (find_number(info, "ino:", &number)) /* since Linux 5.14 */
		ret->inode = number;
	if (find_number(info, "mnt_id:", &number)) {
		struct file_key mount;

		if (find_mount(number, &mount)) {
			ret->major = mount.major;
			ret->minor = mount.minor;
		}
	}
	return 0;
}

/* Arguments end in NULs; what is no text reads '?'. */
static char *command_of(uint32_t pid)
{
	_cleanup_free_ char *text = NULL;
	char path[64];
	size_t length;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	if (kt_read_file(path, PROC_CMDLINE_MAX, &text, &length) < 0)
		return strdup("");
	while (length > 0 && text[length - 1] == '\0')
		length--;
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\0')
			text[i] = ' ';
		else if (c < ' ' || c == 0x7f)
			text[i] = '?';
	}
	return TAKE_PTR(text);
}

static void describe_process(uint32_t pid, struct kt_strbuf *ret)
{
	_cleanup_free_ char *command = command_of(pid);
	int length = command ? (int)strlen(command) : 0;

	kt_strbuf_addf(ret, "process %u", pid);
	if (length > COMMAND_SHOWN)
		kt_strbuf_addf(ret, " (%.*s...)", COMMAND_SHOWN, command);
	else if (length > 0)
		kt_strbuf_addf(ret, " (%s)", command);
	else if (kill((pid_t)pid, 0) < 0 && errno == ESRCH)
		kt_strbuf_add(ret, ", which has ended and left it to a child");
}

void kt_lock_holders_describe(int fd, struct kt_strbuf *ret)
{
	_cleanup_(proc_locks_deinit) struct proc_locks locks = { 0 };
	struct file_key file;
	size_t found = 0;

	if (file_key_of(fd, &file) == 0 && proc_locks_read(&locks) == 0) {
		for (size_t i = 0; i < locks.n; i++) {
			if (!is_of(&locks.locks[i], &file))
				continue;
			if (found++ >= HOLDERS_SHOWN)
				continue;
			if (found > 1)
				kt_strbuf_add(ret, " and ");
			describe_process(locks.locks[i].pid, ret);
		}
	}
	if (found == 0)
		kt_strbuf_add(ret, "a process that is not seen from here");
	if (found > HOLDERS_SHOWN)
		kt_strbuf_addf(ret, " and %zu more", found - HOLDERS_SHOWN);
}

static int add_holder(struct kt_lock_holders *to, const struct kt_lock *lock,
		      uint32_t pid)
{
	struct kt_lock_holder *grown =
		reallocarray(to->holders, to->n + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	to->holders = grown;
	grown[to->n] = (struct kt_lock_holder){
		.lock = *lock,
		.pid = pid,
		.command = command_of(pid),
	};
	return grown[to->n++].command ? 0 : -ENOMEM;
}

static int add_holders(struct kt_lock_holders *to, int directory_fd,
		       const char *name, const struct proc_locks *locks)
{
	_cleanup_close_ int fd =
		openat(directory_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct kt_lock lock;
	struct file_key file;
	int r = 0;

	if (fd < 0 || !kt_lock_from_file_name(name, &lock.kind, &lock.number) ||
	    file_key_of(fd, &file) < 0)
		return 0;
	for (size_t i = 0; r == 0 && i < locks->n; i++) {
		if (!is_of(&locks->locks[i], &file))
			continue;
		lock.exclusive = locks->locks[i].exclusive;
		r = add_holder(to, &lock, locks->locks[i].pid);
	}
	return r;
}

static int by_lock(const void *a, const void *b)
{
	const struct kt_lock_holder *one = a, *other = b;

	if (one->lock.kind != other->lock.kind)
		return one->lock.kind < other->lock.kind ? -1 : 1;
	if (one->lock.number != other->lock.number)
		return one->lock.number < other->lock.number ? -1 : 1;
	return one->pid < other->pid ? -1 : one->pid > other->pid;
}

int kt_lock_holders_read(struct kt_lock_holders *ret, struct ktstr_error *err)
{
	_cleanup_(proc_locks_deinit) struct proc_locks locks = { 0 };
	_cleanup_lock_holders_ struct kt_lock_holders found = { 0 };
	const char *path = kt_lock_directory();
	_cleanup_closedir_ DIR *directory = opendir(path);
	const struct dirent *entry;
	enum kt_lock_kind kind;
	uint32_t number;
	int r;

	if (!directory)
		return kt_err_errno(
			err, -errno,
			"the directory of locks, %s, cannot be read", path);
	r = proc_locks_read(&locks);
	if (r < 0)
		return kt_err_errno(err, r, "/proc/locks cannot be read");
	while (r == 0 && (entry = readdir(directory))) {
		if (kt_lock_from_file_name(entry->d_name, &kind, &number))
			r = add_holders(&found, dirfd(directory), entry->d_name,
					&locks);
	}
	if (r < 0)
		return kt_err_errno(err, r, "no memory for a list of locks");
	if (found.n > 0)
		qsort(found.holders, found.n, sizeof(*found.holders), by_lock);
	*ret = found;
	found = (struct kt_lock_holders){ 0 };
	return 0;
}

void kt_lock_holders_deinit(struct kt_lock_holders *holders)
{
	for (size_t i = 0; i < holders->n; i++)
		free(holders->holders[i].command);
	free(holders->holders);
	*holders = (struct kt_lock_holders){ 0 };
}
