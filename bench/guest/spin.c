// SPDX-License-Identifier: GPL-2.0-only
/*
 * Spins on one CPU for some seconds and says how often. What comes up with a
 * machine has a second to be done first.
 *
 * usage: spin SECONDS
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SPINS_A_LOOK 20000

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	double end, seconds = argc > 1 ? atof(argv[1]) : 1;
	unsigned long long looks = 0;

	sleep(1);
	for (end = now() + seconds; now() < end; looks++) {
		for (volatile int i = 0; i < SPINS_A_LOOK; i++)
			;
	}
	printf("%llu\n", looks);
	return 0;
}
