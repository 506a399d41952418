// SPDX-License-Identifier: GPL-2.0-only
#include "nest/agent/job.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"

/* Whether a process has a way of its own with a signal: /proc/PID/status. */
static bool job_minds(pid_t pid, uint32_t signo)
{
	static const char *const masks[] = { "SigBlk:", "SigIgn:", "SigCgt:" };
	char path[64], line[256];
	bool minds = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		for (size_t i = 0; i < KT_ARRAY_SIZE(masks); i++) {
			unsigned long long mask;

			if (strncmp(line, masks[i], strlen(masks[i])) == 0 &&
			    sscanf(line + strlen(masks[i]), "%llx", &mask) == 1)
				minds |= mask >> (signo - 1) & 1;
		}
	}
	if (f)
		fclose(f);
	return minds;
}

void agent_job_signal(pid_t pid, uint32_t signo)
{
	if (signo == 0 || signo >= NSIG)
		return;
	/* Its group has no shell above it, and such a group the kernel does not
	 * stop for a terminal's sake. */
	if (signo == SIGTSTP && !job_minds(pid, SIGTSTP))
		signo = SIGSTOP;
	if (kill(-pid, (int)signo) < 0)
		kill(pid, (int)signo); /* not its leader yet */
}
