// SPDX-License-Identifier: GPL-2.0-only
#include "nest/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "nest/qemu.h"

void kt_nest_machine_init(struct kt_nest_machine *machine)
{
	memset(machine, 0, sizeof(*machine));
	machine->console_fd = -1;
	kt_nest_channel_init(&machine->agent, -1);
}

/* Our end of a socket pair, and QEMU's in `ret_theirs`. */
static int machine_socket(int flags, int *ret_theirs)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	if (flags && fcntl(pair[0], F_SETFL, flags) < 0) {
		int r = -errno;

		kt_close(pair[0]);
		kt_close(pair[1]);
		return r;
	}
	*ret_theirs = pair[1];
	return pair[0];
}

static int machine_start_files(struct kt_nest_machine *machine, int fd,
			       struct ktstr_error *err)
{
	struct kt_fs *fs;
	int r = kt_fs_create("/", &fs, err);

	if (r < 0) {
		kt_close(fd);
		return r;
	}
	return kt_vhost_user_start(fd, fs, &machine->files, err);
}

int kt_nest_machine_start(struct kt_nest_machine *machine,
			  const struct kt_nest_shape *shape,
			  const struct kt_nest_image *image, const char *cmdline,
			  int log_fd, struct ktstr_error *err)
{
	_cleanup_close_ int console = -1, agent = -1, files = -1;
	struct kt_qemu_fds fds = {
		.kernel = image->kernel->elf_fd,
		.initrd = image->initrd_fd,
	};
	int ours, r;

	kt_nest_machine_init(machine);
	ours = machine_socket(O_NONBLOCK, &console);
	if (ours < 0)
		return kt_err_errno(err, ours, "cannot make a socket");
	machine->console_fd = ours;
	ours = machine_socket(O_NONBLOCK, &agent);
	if (ours < 0)
		return kt_err_errno(err, ours, "cannot make a socket");
	kt_nest_channel_init(&machine->agent, ours);
	ours = machine_socket(0, &files);
	if (ours < 0)
		return kt_err_errno(err, ours, "cannot make a socket");
	r = machine_start_files(machine, ours, err);
	if (r < 0)
		return r;
	fds.console = console;
	fds.agent = agent;
	fds.files = files;
	return kt_qemu_start(shape, &fds, cmdline, log_fd, &machine->qemu, err);
}

void kt_nest_machine_stop(struct kt_nest_machine *machine)
{
	int agent_fd = machine->agent.fd;

	if (machine->qemu) {
		kill(machine->qemu, SIGKILL);
		waitpid(machine->qemu, NULL, 0);
		machine->qemu = 0;
	}
	kt_vhost_user_stop(machine->files);
	machine->files = NULL;
	kt_nest_channel_deinit(&machine->agent);
	kt_close(agent_fd);
	machine->console_fd = kt_close(machine->console_fd);
}

bool kt_nest_machine_read_console(struct kt_nest_machine *machine)
{
	char data[2048];
	bool any = false;
	ssize_t n;

	while (machine->console_fd >= 0) {
		size_t over;

		n = read(machine->console_fd, data, sizeof(data));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			machine->console_fd = kt_close(machine->console_fd);
			break;
		}
		any = true;
		over = machine->console_bytes + (size_t)n;
		over = over > sizeof(machine->console) ?
			       over - sizeof(machine->console) :
			       0;
		memmove(machine->console, machine->console + over,
			machine->console_bytes - over);
		machine->console_bytes -= over;
		memcpy(machine->console + machine->console_bytes, data,
		       (size_t)n);
		machine->console_bytes += (size_t)n;
	}
	return any;
}

void kt_nest_machine_last_line(const struct kt_nest_machine *machine,
			       char *line, size_t bytes)
{
	const char *text = machine->console;
	size_t end = machine->console_bytes, start, n = 0;

	while (end && (unsigned char)text[end - 1] <= ' ')
		end--;
	for (start = end; start && text[start - 1] != '\n'; start--)
		;
	for (; start < end && n + 1 < bytes; start++) {
		if ((unsigned char)text[start] >= ' ')
			line[n++] = text[start];
	}
	line[n] = '\0';
}
