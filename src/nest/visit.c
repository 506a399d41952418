// SPDX-License-Identifier: GPL-2.0-only
/* Machines that are up already, and commands run in them beside the others. */
#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/runtime_dir.h"
#include "nest/nest.h"
#include "nest/place.h"

#define OUTPUT_BYTES (64u << 20)

static int is_socket_name(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return strncmp(entry->d_name, KT_NEST_PLACE_PREFIX,
		       strlen(KT_NEST_PLACE_PREFIX)) == 0 &&
	       dot && strcmp(dot, KT_NEST_PLACE_SOCKET) == 0;
}

/* Connecting and leaving at once does a supervisor no harm. */
static bool is_served(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return false;
	strcpy(address.sun_path, path);
	return connect(fd, (const struct sockaddr *)&address, sizeof(address)) ==
	       0;
}

int kt_nest_running(char ***ret, size_t *ret_n, struct ktstr_error *err)
{
	_cleanup_free_ char *directory = NULL;
	struct dirent **entries;
	char **sockets;
	size_t n = 0;
	int r = kt_runtime_dir("KTSTR_NEST_DIR", &directory, err);
	int n_entries;

	if (r)
		return r;
	n_entries = scandir(directory, &entries, is_socket_name, alphasort);
	if (n_entries < 0)
		return kt_err_errno(err, -errno, "cannot read %s", directory);
	sockets = calloc((size_t)n_entries + 1, sizeof(*sockets));
	for (int i = 0; i < n_entries; i++) {
		char *path =
			sockets ? kt_path_join(directory, entries[i]->d_name) :
				  NULL;

		if (path && is_served(path))
			sockets[n++] = TAKE_PTR(path);
		free(path);
		free(entries[i]);
	}
	free(entries);
	if (!sockets)
		return kt_err(err, -ENOMEM, "no memory for sockets");
	*ret = sockets;
	*ret_n = n;
	return 0;
}

/* The child's part: never returns. */
static _Noreturn void run_into(int output, const char *socket,
			       const char *const *argv)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int status = EXIT_FAILURE;

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(output, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0 ||
	    kt_nest_run_at(socket, argv, NULL, &status, NULL) < 0)
		_exit(EXIT_FAILURE);
	_exit(status);
}

int kt_nest_capture(const char *socket, const char *const *argv,
		    char **ret_output, int *ret_status, struct ktstr_error *err)
{
	_cleanup_close_ int output = memfd_create("output", MFD_CLOEXEC);
	int status, r;
	pid_t pid;

	if (output < 0)
		return kt_err_errno(err, -errno, "no memory for an output");
	pid = fork();
	if (pid < 0)
		return kt_err_errno(err, -errno, "cannot fork");
	if (pid == 0)
		run_into(output, socket, argv);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return kt_err_errno(err, -errno, "cannot wait");
	}
	if (lseek(output, 0, SEEK_SET) < 0)
		return kt_err_errno(err, -errno, "cannot read an output");
	r = kt_read_fd(output, OUTPUT_BYTES, ret_output, NULL);
	if (r)
		return kt_err_errno(err, r, "cannot read an output");
	*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
					    WEXITSTATUS(status);
	return 0;
}
