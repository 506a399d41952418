// SPDX-License-Identifier: GPL-2.0-only
/*
 * The smallest PID 1 that a VMM can be timed with: says that user space has
 * come up, on the console that the kernel opened for it, and reboots.
 */
#include <sys/reboot.h>
#include <unistd.h>

int main(void)
{
	static const char line[] = "ktstr-bench: init is up\n";

	/* By hand on the host it would end that. */
	if (getpid() != 1)
		return 2;
	if (write(STDOUT_FILENO, line, sizeof(line) - 1) < 0)
		return 1;
	reboot(RB_AUTOBOOT);
	return 1;
}
