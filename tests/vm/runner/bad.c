// SPDX-License-Identifier: GPL-2.0-only
/* Tests that are broken, each in its way, for bad-tests.sh to look at. */
#include <ktstr/test.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "wire/frame.h"

#define CHILDREN    10000
#define FEW_THREADS "400"

#define PRINTED_BYTES 100000000

KTSTR_TEST(exits, .cores = 1, .memory_mib = 256)
{
	ktstr_note(ctx, "about to exit");
	if (ktstr_current(ctx))
		exit(0);
	return KTSTR_PASS;
}

KTSTR_TEST(exits_with_3, .cores = 1, .memory_mib = 256)
{
	if (ktstr_current(ctx))
		_exit(3);
	return KTSTR_PASS;
}

KTSTR_TEST(is_killed, .cores = 1, .memory_mib = 256)
{
	if (ktstr_current(ctx))
		raise(SIGKILL);
	return KTSTR_PASS;
}

KTSTR_TEST(prints_100_mb, .cores = 1, .memory_mib = 256)
{
	static const char begin[] = "the beginning\0 and a NUL\n";
	char line[1000];

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\n';
	KTSTR_REQUIRE(ctx, fwrite(begin, sizeof(begin) - 1, 1, stdout) == 1);
	for (size_t i = 0; i < PRINTED_BYTES / sizeof(line); i++)
		KTSTR_REQUIRE(ctx, fwrite(line, sizeof(line), 1, stdout) == 1);
	printf("the end\n");
	return KTSTR_PASS;
}

/* Children that wait for ever, as many as there can be; how many that was. */
static int fork_many(void)
{
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return i;
		while (pid == 0)
			pause();
	}
	return CHILDREN;
}

static enum ktstr_verdict fork_and_tell(struct ktstr_context *ctx)
{
	int n = fork_many();

	ktstr_metric(ctx, "children", n, "processes");
	if (n == CHILDREN)
		return KTSTR_PASS;
	ktstr_note(ctx, "fork() number %d: %s", n + 1, strerror(errno));
	return KTSTR_FAIL;
}

KTSTR_TEST(forks_what_there_is, .cores = 1, .memory_mib = 256)
{
	int fd = open("/proc/sys/kernel/threads-max", O_WRONLY | O_CLOEXEC);

	KTSTR_REQUIRE(ctx, fd >= 0);
	KTSTR_REQUIRE(ctx, write(fd, FEW_THREADS, strlen(FEW_THREADS)) > 0);
	close(fd);
	return fork_and_tell(ctx);
}

KTSTR_TEST(forks_10000, .cores = 1, .memory_mib = 2048, .timeout_s = 600)
{
	return fork_and_tell(ctx);
}

/* A copy of the descriptor by which init talks to the host, or -1. */
static int steal_init_port(void)
{
	DIR *dir = opendir("/proc/1/fd");
	struct dirent *entry;
	int fd = -1;

	while (dir && fd < 0 && (entry = readdir(dir))) {
		char path[300], to[64] = "";

		snprintf(path, sizeof(path), "/proc/1/fd/%s", entry->d_name);
		if (readlink(path, to, sizeof(to) - 1) > 0 &&
		    strncmp(to, "/dev/vport", strlen("/dev/vport")) == 0) {
			int init = (int)syscall(SYS_pidfd_open, 1, 0);

			fd = (int)syscall(SYS_pidfd_getfd, init,
					  atoi(entry->d_name), 0);
		}
	}
	if (dir)
		closedir(dir);
	return fd;
}

/* All of it: between two parts of it init might write. */
static bool send_bytes(const void *data, size_t length)
{
	int fd = steal_init_port();

	return fd >= 0 && write(fd, data, length) == (ssize_t)length;
}

KTSTR_TEST(sends_garbage, .cores = 1, .memory_mib = 256)
{
	static const char text[] = "no frame at all, just bytes";

	ktstr_note(ctx, "this is not to be believed");
	KTSTR_REQUIRE(ctx, send_bytes(text, strlen(text)));
	return KTSTR_PASS;
}

#define FORGED                                                                 \
	"{\"test\": \"forges_a_result\", \"verdict\": \"pass\", "              \
	"\"duration_ns\": 1, \"notes\": [], \"metrics\": []}"

struct forged {
	uint8_t header[KT_FRAME_HEADER_BYTES];
	char text[sizeof(FORGED) - 1];
};

static struct forged forge(void)
{
	struct forged forged;

	memcpy(forged.text, FORGED, sizeof(forged.text));
	kt_frame_header(forged.header, KT_FRAME_TEST_RESULT, FORGED,
			sizeof(forged.text));
	return forged;
}

/* As a whole it only fails because init sends its own, too. */
KTSTR_TEST(forges_a_result, .cores = 1, .memory_mib = 256)
{
	struct forged forged = forge();

	KTSTR_REQUIRE(ctx, send_bytes(&forged, sizeof(forged)));
	return KTSTR_FAIL;
}

KTSTR_TEST(forges_badly, .cores = 1, .memory_mib = 256)
{
	struct forged forged = forge();

	forged.text[0] ^= 1;
	KTSTR_REQUIRE(ctx, send_bytes(&forged, sizeof(forged)));
	return KTSTR_PASS;
}

/* What init sends afterwards becomes a part of it. */
KTSTR_TEST(tears_a_frame, .cores = 1, .memory_mib = 256)
{
	uint8_t header[KT_FRAME_HEADER_BYTES];
	static const char nothing[KT_FRAME_MAX_PAYLOAD];

	kt_frame_header(header, KT_FRAME_STDOUT, nothing, sizeof(nothing));
	KTSTR_REQUIRE(ctx, send_bytes(header, sizeof(header)));
	return KTSTR_PASS;
}

KTSTR_TEST(restarts, .cores = 1, .memory_mib = 256)
{
	KTSTR_REQUIRE(ctx, reboot(RB_AUTOBOOT) == 0);
	return KTSTR_PASS;
}
