/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/*
 * Gives a signal to a command, which leads a session, and to what is in its
 * group: what it started, but for jobs of a shell.
 */
void agent_job_signal(pid_t pid, uint32_t signo);
