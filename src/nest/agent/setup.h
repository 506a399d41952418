/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Brings the emulated machine up: modules, the host's tree, /dev and so on. */

/*
 * As PID 1, once. Every step is announced on the console, whose lines are the
 * supervisor's signs of life. Afterwards the process's root is the host's tree
 * with this machine's own /proc, /sys, /dev, /run. 0, or -errno after a line
 * that says what failed.
 */
int agent_setup(void);

/* Opens the port to the supervisor, non-blocking. -errno. */
int agent_open_port(void);

/* One line to the console. */
void agent_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Whether the kernel command line holds this word. */
int agent_cmdline_has(const char *word);
