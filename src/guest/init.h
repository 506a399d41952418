/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * PID 1 of the guest. Brings the machine up, runs what the host left for it
 * (wire/guest_files.h): the one command of exec mode, or a shell on the
 * terminal; hands the exit code back and restarts the machine. Whatever goes
 * wrong before that reaches the host as a crash text.
 *
 * Does not return in PID 1. Anywhere else it says that it has to be PID 1 and
 * returns 2, for main() to return. `argv` is what the kernel passed on; it is
 * not looked at, since the kernel fills it with words of its command line.
 */
int kt_guest_init_main(int argc, char **argv);
