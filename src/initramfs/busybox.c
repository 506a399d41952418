// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "initramfs/busybox.h"

#define BUSYBOX_LIST_TIMEOUT_MS 5000
#define BUSYBOX_LIST_MAX_BYTES  (64 * KT_KIB)
#define BUSYBOX_GUEST_PATH      "/bin/busybox"

static int busybox_try(struct kt_witness_set *seen, const char *directory,
		       size_t length, char **ret)
{
	_cleanup_free_ char *path = NULL;
	struct stat st;

	if (!length || *directory != '/')
		return 0;
	if (asprintf(&path, "%.*s/busybox", (int)length, directory) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	if (seen)
		kt_witness_set_look(seen, path);
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || access(path, X_OK) < 0)
		return 0;
	*ret = TAKE_PTR(path);
	return 1;
}

int kt_busybox_find(struct kt_witness_set *seen, char **ret,
		    struct ktstr_error *err)
{
	static const char *const fixed[] = { "/bin", "/usr/bin" };
	const char *path = getenv("PATH");
	int r = 0;

	while (path && *path && !r) {
		size_t length = strcspn(path, ":");

		r = busybox_try(seen, path, length, ret);
		path += length + (path[length] == ':');
	}
	for (size_t i = 0; i < KT_ARRAY_SIZE(fixed) && !r; i++)
		r = busybox_try(seen, fixed[i], strlen(fixed[i]), ret);
	if (r < 0)
		return kt_err_errno(err, r, "cannot look for busybox");
	if (!r)
		return kt_err_kind(err, KTSTR_ERROR_ENVIRONMENT, -ENOENT,
				   "there is no busybox in PATH, /bin or "
				   "/usr/bin: install it (on Debian: apt "
				   "install busybox-static)");
	return 0;
}

/* Reads until end of file, -ETIMEDOUT when that does not come in time. */
static int read_bounded(int fd, struct kt_strbuf *text)
{
	const uint64_t end = kt_now_ns() + BUSYBOX_LIST_TIMEOUT_MS * 1000000ULL;

	for (;;) {
		uint64_t now = kt_now_ns();
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		char buffer[4096];
		ssize_t n;

		if (now >= end)
			return -ETIMEDOUT;
		n = poll(&pfd, 1, (int)((end - now) / 1000000) + 1);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n <= 0)
			continue;
		n = read(fd, buffer, sizeof(buffer));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return 0;
		if (n > 0)
			kt_strbuf_add_bytes(text, buffer, (size_t)n);
		if (kt_strbuf_failed(text) ||
		    text->length > BUSYBOX_LIST_MAX_BYTES)
			return -EMSGSIZE;
	}
}

static int busybox_list(const char *busybox, struct kt_strbuf *text,
			struct ktstr_error *err)
{
	char *const argv[] = { (char *)"busybox", (char *)"--list-full", NULL };
	char *const envp[] = { NULL };
	posix_spawn_file_actions_t actions;
	_cleanup_close_ int reader = -1;
	int ends[2], status, r;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		r = -errno;
		return kt_err_errno(err, r, "cannot run \"%s\"", busybox);
	}
	reader = ends[0];
	r = posix_spawn_file_actions_init(&actions);
	if (!r) {
		r = posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
		if (!r)
			r = posix_spawn_file_actions_addopen(
				&actions, 2, "/dev/null", O_WRONLY, 0);
		if (!r)
			r = posix_spawn(&pid, busybox, &actions, NULL, argv,
					envp);
		posix_spawn_file_actions_destroy(&actions);
	}
	close(ends[1]);
	if (r)
		return kt_err_errno(err, -r, "cannot run \"%s\"", busybox);
	r = read_bounded(reader, text);
	if (r < 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r < 0)
		return kt_err_errno(err, r, "\"%s --list-full\"", busybox);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return kt_err(
			err, -ENOEXEC,
			"\"%s --list-full\" failed, so this is no busybox: "
			"put another before it in PATH (on Debian: apt "
			"install busybox-static)",
			busybox);
	return 0;
}

int kt_busybox_add_links(struct kt_tree *tree, const char *busybox,
			 struct ktstr_error *err)
{
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };
	char *save = NULL;
	int r;

	r = busybox_list(busybox, &text, err);
	if (r < 0)
		return r;
	if (!text.length)
		return 0;
	for (char *name = strtok_r(text.data, "\n", &save); name;
	     name = strtok_r(NULL, "\n", &save)) {
		/* "linuxrc" and the like belong into the root: no use here. */
		if (!strchr(name, '/') || *name == '/' || strstr(name, "..") ||
		    kt_tree_find(tree, name))
			continue;
		r = kt_tree_add_link(tree, name, BUSYBOX_GUEST_PATH, err);
		if (r < 0)
			return r;
	}
	return 0;
}
