// SPDX-License-Identifier: GPL-2.0-only
#include "nest/agent/setup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/module.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "nest/channel.h"

#define AGENT_TREE       "/tree"
#define AGENT_PORT_WAITS 1000 /* of 10 ms */

void agent_say(const char *fmt, ...)
{
	char line[512];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(line, sizeof(line) - 1, fmt, args);
	va_end(args);
	if (n < 0)
		return;
	n = KT_MIN(n, (int)sizeof(line) - 2);
	line[n++] = '\n';
	(void)!write(STDERR_FILENO, line, (size_t)n);
}

int agent_cmdline_has(const char *word)
{
	_cleanup_free_ char *text = NULL;
	char *rest, *item;

	if (kt_read_file("/proc/cmdline", 64 * 1024, &text, NULL) < 0)
		return 0;
	rest = text;
	while ((item = strsep(&rest, " \n"))) {
		if (strcmp(item, word) == 0)
			return 1;
	}
	return 0;
}

static int load_module(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = strlen(path);
	bool plain = length > 3 && strcmp(path + length - 3, ".ko") == 0;

	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, "",
		    plain ? 0 : MODULE_INIT_COMPRESSED_FILE) < 0 &&
	    errno != EEXIST)
		return -errno;
	return 0;
}

/* All of /modules, in the order of their names. */
static int load_modules(void)
{
	struct dirent **names;
	int n = scandir("/modules", &names, NULL, alphasort);
	int r = 0;

	if (n < 0)
		return 0;
	for (int i = 0; i < n; i++) {
		char path[PATH_MAX];
		int e;

		if (names[i]->d_name[0] != '.') {
			snprintf(path, sizeof(path), "/modules/%s",
				 names[i]->d_name);
			e = load_module(path);
			if (e < 0) {
				agent_say("ktstr-nest: cannot load %s: %s",
					  names[i]->d_name, strerror(-e));
				r = e;
			}
		}
		free(names[i]);
	}
	free(names);
	return r;
}

struct agent_mount {
	const char *type;
	const char *target;
	const char *options;
	bool optional;
};

static int do_mount(const struct agent_mount *m)
{
	if (mkdir(m->target, 0755) < 0 && errno != EEXIST && errno != EROFS &&
	    errno != EACCES)
		agent_say("ktstr-nest: cannot make %s: %s", m->target,
			  strerror(errno));
	if (mount(m->type, m->target, m->type, MS_NOSUID, m->options) == 0)
		return 0;
	if (m->optional)
		return 0;
	agent_say("ktstr-nest: cannot mount %s on %s: %s", m->type, m->target,
		  strerror(errno));
	return -errno;
}

static int do_mounts(const struct agent_mount *mounts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int r = do_mount(&mounts[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int enter_tree(void)
{
	if (mkdir(AGENT_TREE, 0755) < 0 && errno != EEXIST)
		return -errno;
	if (mount(KT_NEST_TAG, AGENT_TREE, "virtiofs", 0, NULL) < 0) {
		agent_say("ktstr-nest: cannot mount the host's tree: %s",
			  strerror(errno));
		return -errno;
	}
	if (chroot(AGENT_TREE) < 0 || chdir("/") < 0)
		return -errno;
	return 0;
}

int agent_setup(void)
{
	static const struct agent_mount first[] = {
		{ "proc", "/proc", NULL, false },
	};
	static const struct agent_mount rest[] = {
		{ "proc", "/proc", NULL, false },
		{ "sysfs", "/sys", NULL, false },
		{ "devtmpfs", "/dev", "mode=0755", false },
		{ "devpts", "/dev/pts", "ptmxmode=0666,mode=0620,gid=5", false },
		{ "tmpfs", "/dev/shm", "mode=1777", false },
		{ "hugetlbfs", "/dev/hugepages", "mode=1777", true },
		{ "tmpfs", "/run", "mode=0755", false },
		{ "cgroup2", "/sys/fs/cgroup", NULL, false },
		{ "debugfs", "/sys/kernel/debug", NULL, true },
		{ "tracefs", "/sys/kernel/tracing", NULL, true },
		{ "bpf", "/sys/fs/bpf", NULL, true },
	};
	int r;

	umask(0022);
	agent_say("ktstr-nest: loading modules");
	r = do_mounts(first, KT_ARRAY_SIZE(first));
	if (r < 0)
		return r;
	/* One that fails need not matter: what is missing is said below. */
	load_modules();
	if (agent_cmdline_has("ktstr_nest.hang")) {
		agent_say("ktstr-nest: hanging, as the test asks");
		for (;;)
			pause();
	}
	agent_say("ktstr-nest: mounting the host's tree");
	r = enter_tree();
	if (r == 0)
		r = do_mounts(rest, KT_ARRAY_SIZE(rest));
	if (r < 0)
		return r;
	/* Users of this machine are all the same one: nothing to guard. */
	if (chmod("/dev/kvm", 0666) < 0) {
		agent_say(
			"ktstr-nest: this kernel has no KVM here: /dev/kvm: %s",
			strerror(errno));
		return -errno;
	}
	if (mkdir("/run/ktstr", 0755) < 0 || mkdir("/run/user", 0755) < 0 ||
	    mkdir("/run/lock", 01777) < 0 || chmod("/run/lock", 01777) < 0 ||
	    mkdir("/run/ktstr/locks", 01777) < 0 ||
	    chmod("/run/ktstr/locks", 01777) < 0)
		return -errno;
	return 0;
}

/* The port's device, found by its name; -ENOENT while there is none. */
static int find_port(char *device, size_t bytes)
{
	static const char class[] = "/sys/class/virtio-ports";
	_cleanup_closedir_ DIR *d = opendir(class);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		_cleanup_free_ char *name = NULL;
		char path[PATH_MAX];

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s/name", class, e->d_name);
		if (kt_read_file(path, 64 * 1024, &name, NULL) < 0)
			continue;
		name[strcspn(name, "\n")] = '\0';
		if (strcmp(name, KT_NEST_PORT) == 0) {
			snprintf(device, bytes, "/dev/%s", e->d_name);
			return 0;
		}
	}
	return -ENOENT;
}

/* The port hangs up until the device says that its other end is there. */
static int wait_for_host(int fd)
{
	for (int i = 0; i < AGENT_PORT_WAITS; i++) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };

		if (poll(&p, 1, 10) > 0 && !(p.revents & POLLHUP))
			return fd;
		if (p.revents & POLLHUP)
			poll(NULL, 0, 10);
	}
	agent_say("ktstr-nest: nobody is at the other end of the port");
	kt_close(fd);
	return -ENOTCONN;
}

int agent_open_port(void)
{
	char device[PATH_MAX];

	/* The name comes by a message of the device, some time after it. */
	for (int i = 0; i < AGENT_PORT_WAITS; i++) {
		int fd;

		if (find_port(device, sizeof(device)) == 0) {
			fd = open(device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
			if (fd < 0) {
				agent_say("ktstr-nest: cannot open %s: %s",
					  device, strerror(errno));
				return -errno;
			}
			return wait_for_host(fd);
		}
		poll(NULL, 0, 10);
	}
	agent_say("ktstr-nest: there is no port named %s", KT_NEST_PORT);
	return -ENOENT;
}
