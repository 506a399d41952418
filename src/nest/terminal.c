// SPDX-License-Identifier: GPL-2.0-only
#include "nest/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

void kt_terminal_find(struct kt_terminal *terminal)
{
	*terminal = (struct kt_terminal){ .fd = -1 };
	for (int i = 0; i < 3; i++) {
		if (!isatty(i))
			continue;
		terminal->streams |= 1u << i;
		if (terminal->fd < 0)
			terminal->fd = i;
	}
	if (terminal->fd >= 0 && tcgetattr(terminal->fd, &terminal->before) < 0) {
		terminal->fd = -1;
		terminal->streams = 0;
	}
	kt_terminal_measure(terminal);
}

void kt_terminal_enter(struct kt_terminal *terminal)
{
	struct termios raw = terminal->before;

	if (!(terminal->streams & 1) || tcgetpgrp(terminal->fd) != getpgrp())
		return;
	cfmakeraw(&raw);
	terminal->raw = tcsetattr(terminal->fd, TCSADRAIN, &raw) == 0;
}

void kt_terminal_leave(struct kt_terminal *terminal)
{
	if (!terminal->raw)
		return;
	terminal->raw = false;
	tcsetattr(terminal->fd, TCSADRAIN, &terminal->before);
}

void kt_terminal_measure(struct kt_terminal *terminal)
{
	struct winsize size;

	if (terminal->fd >= 0 && ioctl(terminal->fd, TIOCGWINSZ, &size) == 0)
		terminal->size = (struct kt_nest_size){
			.rows = size.ws_row,
			.columns = size.ws_col,
		};
}
