// SPDX-License-Identifier: GPL-2.0-only
#include "control/directory.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/runtime_dir.h"

#define SUFFIX  ".vm"
#define BACKLOG 8

/* Documented in proc_net(5); __SO_ACCEPTCON of linux/net.h. */
#define SOCKETS       "/proc/net/unix"
#define SOCKETS_BYTES (16u << 20)
#define ACCEPTS       0x10000u

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

/* The name's bytes begin with a NUL, and its length counts. */
static int address_of(const char *directory, const char *name,
		      struct sockaddr_un *ret, socklen_t *ret_length,
		      struct ktstr_error *err)
{
	size_t room = sizeof(ret->sun_path) - 1;
	int n = snprintf(ret->sun_path + 1, room, "%s/%s" SUFFIX, directory,
			 name);

	if (n < 0 || (size_t)n >= room)
		return kt_err(err, -ENAMETOOLONG,
			      "%s is too long a path for sockets: set "
			      "XDG_RUNTIME_DIR to a shorter one",
			      directory);
	ret->sun_family = AF_UNIX;
	*ret_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				  (size_t)n);
	return 0;
}

static int find_address(const char *name, struct sockaddr_un *ret,
			socklen_t *ret_length, struct ktstr_error *err)
{
	_cleanup_free_ char *directory = NULL;
	int r = kt_control_check_name(name, err);

	if (!r)
		r = kt_runtime_dir(NULL, &directory, err);
	return r ? r : address_of(directory, name, ret, ret_length, err);
}

int kt_control_listen(const char *name, int *ret_fd, struct ktstr_error *err)
{
	_cleanup_close_ int fd = socket(
		AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = { 0 };
	socklen_t length;
	int r = find_address(name, &address, &length, err);

	if (r)
		return r;
	if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, length) == 0 &&
	    listen(fd, BACKLOG) == 0) {
		*ret_fd = TAKE_FD(fd);
		return 0;
	}
	if (errno == EADDRINUSE)
		return kt_err(err, -EEXIST,
			      "a VM with the name \"%s\" is running; give this "
			      "one another name",
			      name);
	return kt_err_errno(err, -errno, "cannot make a socket for the VM %s",
			    name);
}

int kt_control_check_peer(int fd)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
		return -errno;
	return peer.uid == geteuid() ? 0 : -EPERM;
}

int kt_control_open(const char *name, int *ret_fd, struct ktstr_error *err)
{
	_cleanup_close_ int fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { 0 };
	socklen_t length;
	int r = find_address(name, &address, &length, err);

	if (r)
		return r;
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, length) < 0)
		r = -errno;
	if (r == -ECONNREFUSED)
		return kt_err(err, -ENOENT, "no VM \"%s\" is running", name);
	if (!r)
		r = kt_control_check_peer(fd);
	if (r)
		return kt_err_errno(err, r, "cannot connect to the VM %s", name);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* "...: ... FLAGS TYPE STATE INODE @DIRECTORY/NAME.vm" of one that listens. */
static char *name_of(const char *line, const char *directory)
{
	size_t n = strlen(directory), suffix = strlen(SUFFIX);
	const char *at = strstr(line, " @");
	unsigned int flags;

	if (!at || sscanf(line, "%*s %*s %*s %x", &flags) != 1 ||
	    !(flags & ACCEPTS))
		return NULL;
	at += 2;
	if (strncmp(at, directory, n) != 0 || at[n] != '/')
		return NULL;
	at += n + 1;
	n = strlen(at);
	if (n <= suffix || strcmp(at + n - suffix, SUFFIX) != 0)
		return NULL;
	return strndup(at, n - suffix);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int kt_control_list(char ***ret_names, size_t *ret_n, struct ktstr_error *err)
{
	_cleanup_free_ char *directory = NULL, *text = NULL;
	char *line, *rest, **names;
	size_t n = 0, room = 1;
	int r = kt_runtime_dir(NULL, &directory, err);

	if (r)
		return r;
	r = kt_read_file(SOCKETS, SOCKETS_BYTES, &text, NULL);
	if (r)
		return kt_err_errno(err, r, "cannot read %s", SOCKETS);
	for (const char *c = text; *c; c++)
		room += *c == '\n';
	names = calloc(room, sizeof(*names));
	if (!names)
		return kt_err(err, -ENOMEM, "no memory for names");
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		char *name = name_of(line, directory);

		/* A name that nobody could have given is somebody else's. */
		if (name && kt_control_check_name(name, NULL) == 0)
			names[n++] = TAKE_PTR(name);
		free(name);
	}
	qsort(names, n, sizeof(*names), by_name);
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
