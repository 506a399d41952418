// SPDX-License-Identifier: GPL-2.0-only
#include "control/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/runtime_dir.h"

#define SUFFIX  ".vm"
#define BACKLOG 8

static bool is_name_char(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' ||
	       (!first && (c == '.' || c == '-'));
}

int kt_control_check_name(const char *name, struct ktstr_error *err)
{
	size_t n = strlen(name);
	bool fine = n > 0 && n <= KT_CONTROL_NAME_MAX;

	for (size_t i = 0; fine && i < n; i++)
		fine = is_name_char(name[i], i == 0);
	if (fine)
		return 0;
	return kt_err(err, -EINVAL,
		      "\"%.80s\" is no name for a VM: 1 to %d letters, digits, "
		      "'_', and behind the first '.' and '-', make one",
		      name, KT_CONTROL_NAME_MAX);
}

static int address_of(const char *directory, const char *name,
		      struct sockaddr_un *ret, struct ktstr_error *err)
{
	int n;

	ret->sun_family = AF_UNIX;
	n = snprintf(ret->sun_path, sizeof(ret->sun_path), "%s/%s" SUFFIX,
		     directory, name);
	if (n < 0 || (size_t)n >= sizeof(ret->sun_path))
		return kt_err(err, -ENAMETOOLONG,
			      "%s is too long a path for sockets: set "
			      "XDG_RUNTIME_DIR to a shorter one",
			      directory);
	return 0;
}

/* A connection, or -errno. */
static int connect_to(const struct sockaddr_un *address)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* Held while names are given and taken away: its own file is the directory. */
static int lock_directory(const char *directory, struct ktstr_error *err)
{
	_cleanup_close_ int fd =
		open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return kt_err_errno(err, -errno, "cannot lock %s", directory);
	return TAKE_FD(fd);
}

static int listen_at(const struct sockaddr_un *address, int *ret_fd)
{
	_cleanup_close_ int fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int other;

	if (fd < 0)
		return -errno;
	other = connect_to(address);
	if (other >= 0) {
		close(other);
		return -EEXIST;
	}
	if (other == -ECONNREFUSED && unlink(address->sun_path) < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int kt_control_listen(const char *name, int *ret_fd, char **ret_path,
		      struct ktstr_error *err)
{
	_cleanup_free_ char *directory = NULL, *path = NULL;
	struct sockaddr_un address = { 0 };
	_cleanup_close_ int lock = -1;
	int r = kt_control_check_name(name, err);

	if (!r)
		r = kt_runtime_dir(NULL, &directory, err);
	if (!r)
		r = address_of(directory, name, &address, err);
	if (r)
		return r;
	path = strdup(address.sun_path);
	if (!path)
		return kt_err(err, -ENOMEM, "no memory for a path");
	lock = lock_directory(directory, err);
	if (lock < 0)
		return lock;
	r = listen_at(&address, ret_fd);
	if (r == -EEXIST)
		return kt_err(err, r,
			      "a VM with the name \"%s\" is running; give this "
			      "one another name",
			      name);
	if (r)
		return kt_err_errno(err, r, "cannot make the socket %s", path);
	*ret_path = TAKE_PTR(path);
	return 0;
}

int kt_control_open(const char *name, int *ret_fd, struct ktstr_error *err)
{
	_cleanup_free_ char *directory = NULL;
	struct sockaddr_un address = { 0 };
	int r = kt_control_check_name(name, err);

	if (!r)
		r = kt_runtime_dir(NULL, &directory, err);
	if (!r)
		r = address_of(directory, name, &address, err);
	if (r)
		return r;
	r = connect_to(&address);
	if (r == -ENOENT || r == -ECONNREFUSED)
		return kt_err(err, -ENOENT, "no VM \"%s\" is running", name);
	if (r < 0)
		return kt_err_errno(err, r, "cannot connect to %s",
				    address.sun_path);
	*ret_fd = r;
	return 0;
}

/* Whether somebody serves it; what nobody does is removed. */
static bool is_served(const char *directory, const char *name)
{
	struct sockaddr_un address = { 0 };
	int fd;

	if (address_of(directory, name, &address, NULL) < 0)
		return false;
	fd = connect_to(&address);
	if (fd == -ECONNREFUSED)
		unlink(address.sun_path);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* "NAME.vm": the name, to be freed. */
static char *name_of(const char *file)
{
	size_t n = strlen(file), suffix = strlen(SUFFIX);

	if (n <= suffix || strcmp(file + n - suffix, SUFFIX) != 0)
		return NULL;
	return strndup(file, n - suffix);
}

int kt_control_list(char ***ret_names, size_t *ret_n, struct ktstr_error *err)
{
	_cleanup_free_ char *directory = NULL;
	_cleanup_close_ int lock = -1;
	struct dirent **entries;
	char **names;
	size_t n = 0;
	int n_entries;
	int r = kt_runtime_dir(NULL, &directory, err);

	if (r)
		return r;
	lock = lock_directory(directory, err);
	if (lock < 0)
		return lock;
	n_entries = scandir(directory, &entries, NULL, alphasort);
	if (n_entries < 0)
		return kt_err_errno(err, -errno, "cannot read %s", directory);
	names = calloc((size_t)n_entries + 1, sizeof(*names));
	for (int i = 0; i < n_entries; i++) {
		char *name = names ? name_of(entries[i]->d_name) : NULL;

		if (name && is_served(directory, name))
			names[n++] = TAKE_PTR(name);
		free(name);
		free(entries[i]);
	}
	free(entries);
	if (!names)
		return kt_err(err, -ENOMEM, "no memory for names");
	*ret_names = names;
	*ret_n = n;
	return 0;
}

void kt_control_free_names(char **names, size_t n)
{
	for (size_t i = 0; names && i < n; i++)
		free(names[i]);
	free(names);
}
