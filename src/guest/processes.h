/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/*
 * How many processes of the group run, by /proc/PID/stat: those that have ended
 * and wait to be reaped do not. `proc_dir` is /proc; without it, 0.
 */
size_t kt_processes_of_group(const char *proc_dir, pid_t group);
