// SPDX-License-Identifier: GPL-2.0-only
#include "nest/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "nest/channel.h"

#define QEMU_PROGRAM "qemu-system-x86_64"

/*
 * Measured choices. One thread a CPU: a single one hangs with two CPUs. ERMS
 * and FSRM off: the emulator is slow at string instructions, and kernels use
 * them where they are said to be fast. LA57 off: a level less to walk. SMAP
 * and the like cost on every entry and protect nothing here.
 */
#define QEMU_CPU                                                               \
	"max,-erms,-fsrm,-fsrs,-fsrc,-fzrm,-la57,-smap,-smep,-umip,-pku"
#define QEMU_CMDLINE                                                           \
	"console=ttyS0 panic=-1 reboot=t quiet mitigations=off tsc=reliable "  \
	"no_timer_check"

/* Strings collected one by one; `failed` instead of a check at each. */
struct argv_builder {
	char **argv;
	size_t n;
	bool failed;
};

static void add(struct argv_builder *b, const char *fmt, ...) KT_PRINTF(2, 3);

static void add(struct argv_builder *b, const char *fmt, ...)
{
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };
	char **grown = reallocarray(b->argv, b->n + 2, sizeof(char *));
	va_list args;

	if (!grown) {
		b->failed = true;
		return;
	}
	b->argv = grown;
	va_start(args, fmt);
	kt_strbuf_vaddf(&sb, fmt, args);
	va_end(args);
	b->argv[b->n] = kt_strbuf_steal(&sb);
	if (!b->argv[b->n]) {
		b->failed = true;
		return;
	}
	b->argv[++b->n] = NULL;
}

static void add_option(struct argv_builder *b, const char *option,
		       const char *fmt, ...) KT_PRINTF(3, 4);

static void add_option(struct argv_builder *b, const char *option,
		       const char *fmt, ...)
{
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };
	va_list args;

	va_start(args, fmt);
	kt_strbuf_vaddf(&sb, fmt, args);
	va_end(args);
	add(b, "%s", option);
	add(b, "%s", kt_strbuf_text(&sb));
	b->failed |= kt_strbuf_failed(&sb);
}

/* Memory is shared with the file server; each node has a part of its own. */
static void add_memory(struct argv_builder *b, const struct kt_nest_shape *shape)
{
	const uint32_t n = shape->numa_nodes;
	const uint32_t cpus = shape->cpus / n;

	add_option(b, "-m", "%uM", shape->memory_mib);
	for (uint32_t i = 0; i < n; i++) {
		add_option(b, "-object",
			   "memory-backend-memfd,id=mem%u,size=%uM,share=on", i,
			   shape->memory_mib / n);
		add_option(b, "-numa", "node,nodeid=%u,cpus=%u-%u,memdev=mem%u",
			   i, i * cpus, (i + 1) * cpus - 1, i);
	}
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t j = 0; j < n; j++) {
			if (i != j)
				add_option(b, "-numa",
					   "dist,src=%u,dst=%u,val=%u", i, j,
					   shape->distance);
		}
	}
}

static void add_devices(struct argv_builder *b, const struct kt_qemu_fds *fds)
{
	add_option(b, "-chardev", "socket,id=console,fd=%d", fds->console);
	add_option(b, "-serial", "chardev:console");
	add_option(b, "-chardev", "socket,id=agent,fd=%d", fds->agent);
	add_option(b, "-device", "virtio-serial-pci");
	add_option(b, "-device", "virtserialport,chardev=agent,name=%s",
		   KT_NEST_PORT);
	add_option(b, "-chardev", "socket,id=files,fd=%d", fds->files);
	add_option(b, "-device",
		   "vhost-user-fs-pci,chardev=files,tag=%s,queue-size=1024",
		   KT_NEST_TAG);
}

char **kt_qemu_argv(const struct kt_nest_shape *shape,
		    const struct kt_qemu_fds *fds, const char *cmdline)
{
	struct argv_builder b = { 0 };

	add(&b, QEMU_PROGRAM);
	add_option(&b, "-name", "ktstr-nest");
	add(&b, "-nodefaults");
	add(&b, "-no-user-config");
	add_option(&b, "-M", "q35");
	add_option(&b, "-accel", "tcg,thread=multi");
	add_option(&b, "-cpu", QEMU_CPU);
	add_option(&b, "-smp", "%u,sockets=%u,cores=%u,threads=1", shape->cpus,
		   shape->sockets, shape->cpus / shape->sockets);
	add_memory(&b, shape);
	add_option(&b, "-display", "none");
	add(&b, "-no-reboot");
	add_devices(&b, fds);
	add_option(&b, "-kernel", "/proc/self/fd/%d", fds->kernel);
	add_option(&b, "-initrd", "/proc/self/fd/%d", fds->initrd);
	if (shape->hugepages)
		add_option(&b, "-append", QEMU_CMDLINE " hugepages=%u%s%s",
			   shape->hugepages, *cmdline ? " " : "", cmdline);
	else
		add_option(&b, "-append", QEMU_CMDLINE "%s%s",
			   *cmdline ? " " : "", cmdline);
	if (b.failed) {
		kt_qemu_free_argv(b.argv);
		return NULL;
	}
	return b.argv;
}

void kt_qemu_free_argv(char **argv)
{
	if (!argv)
		return;
	for (size_t i = 0; argv[i]; i++)
		free(argv[i]);
	free(argv);
}

/* In the child: only what is safe between fork and exec. */
static _Noreturn void qemu_exec(char *const *argv, const struct kt_qemu_fds *fds,
				int log_fd, pid_t parent, int report_fd)
{
	const int keep[] = { fds->kernel, fds->initrd, fds->console, fds->agent,
			     fds->files };
	sigset_t none;
	int null_fd, e;

	/* A session of its own: keys on the user's terminal are not for it. */
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 ||
	    dup2(log_fd, STDOUT_FILENO) < 0 || dup2(log_fd, STDERR_FILENO) < 0)
		goto out;
	for (size_t i = 0; i < sizeof(keep) / sizeof(keep[0]); i++)
		fcntl(keep[i], F_SETFD, 0);
	execvp(argv[0], argv);
out:
	e = errno;
	(void)!write(report_fd, &e, sizeof(e));
	_exit(127);
}

int kt_qemu_start(const struct kt_nest_shape *shape,
		  const struct kt_qemu_fds *fds, const char *cmdline,
		  int log_fd, pid_t *ret, struct ktstr_error *err)
{
	_cleanup_(kt_cleanup_close) int report = -1, report_child = -1;
	char **argv = kt_qemu_argv(shape, fds, cmdline);
	pid_t parent = getpid(), pid;
	int pair[2], e = 0;
	ssize_t n;

	if (!argv)
		return kt_err(err, -ENOMEM, "no memory for QEMU's arguments");
	if (pipe2(pair, O_CLOEXEC) < 0) {
		kt_qemu_free_argv(argv);
		return kt_err_errno(err, -errno, "cannot make a pipe");
	}
	report = pair[0];
	report_child = pair[1];
	pid = fork();
	if (pid == 0)
		qemu_exec(argv, fds, log_fd, parent, report_child);
	kt_qemu_free_argv(argv);
	if (pid < 0)
		return kt_err_errno(err, -errno, "cannot fork");
	/* Closes without a word when the program starts. */
	report_child = kt_close(report_child);
	do {
		n = read(report, &e, sizeof(e));
	} while (n < 0 && errno == EINTR);
	if (n == sizeof(e)) {
		waitpid(pid, NULL, 0);
		return kt_err_kind(
			err, KTSTR_ERROR_ENVIRONMENT, -e,
			"cannot start %s: %s%s", QEMU_PROGRAM, strerror(e),
			e == ENOENT ? " (install qemu-system-x86 8.0 "
				      "or newer; scripts/prepare "
				      "does)" :
				      "");
	}
	*ret = pid;
	return 0;
}
