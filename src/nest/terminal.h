/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The caller's terminal while a command runs inside the emulated machine: raw,
 * so that the terminal inside does all cooking, and back as it was on every
 * way out, that by a signal included.
 */

#include <stdbool.h>
#include <termios.h>

#include "nest/channel.h"

struct kt_terminal {
	int fd;               /* -1: none of the standard streams is one */
	unsigned int streams; /* bits 0 to 2: which are */
	bool raw;
	struct termios before;
	struct kt_nest_size size;
};

/* Looks at the standard streams; changes nothing. */
void kt_terminal_find(struct kt_terminal *terminal);

/*
 * Makes it raw when standard input is the terminal and this process is in its
 * foreground; else nothing.
 */
void kt_terminal_enter(struct kt_terminal *terminal);

/* Back as it was. Safe in a signal handler, and more than once. */
void kt_terminal_leave(struct kt_terminal *terminal);

/* Reads the size anew. */
void kt_terminal_measure(struct kt_terminal *terminal);
