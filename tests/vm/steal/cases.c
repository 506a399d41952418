// SPDX-License-Identifier: GPL-2.0-only
/* What a test is told of the time that its host took, and what it tells. */
#include <ktstr/test.h>

#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "wire/guest_files.h"

#define CPUS_MAX 2
#define SPIN_S   6
#define RECORDS  4096 /* more than the test takes */

/* What a record's time may be off. */
#define TIME_ERROR_NS 50000000u
/* Between the shares that host and guest tell: ticks and edges. */
#define TOLERANCE     0.08

struct record {
	uint64_t at_ns;
	uint64_t n;
	uint64_t stolen_ns[CPUS_MAX];
};

/* What the guest's own kernel has to say: a reading of KVM's steal clock. */
struct reading {
	uint64_t at_ns;
	uint64_t stolen_ns[CPUS_MAX];
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static bool read_proc_stat(int n_cpus, struct reading *ret)
{
	const uint64_t tick_ns = 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK);
	FILE *f = fopen("/proc/stat", "re");
	char line[4096];
	int found = 0;

	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		uint64_t steal;
		unsigned int cpu;

		if (sscanf(line, "cpu%u %*u %*u %*u %*u %*u %*u %*u %" SCNu64,
			   &cpu, &steal) == 2 &&
		    cpu < CPUS_MAX) {
			ret->stolen_ns[cpu] = steal * tick_ns;
			found++;
		}
	}
	fclose(f);
	ret->at_ns = now_ns();
	return found == n_cpus;
}

/* All whole records, and no more than there is room for. */
static size_t read_records(struct record records[RECORDS])
{
	static uint64_t numbers[RECORDS * (2 + CPUS_MAX)];
	int fd = open(KT_GUEST_STEAL, O_RDONLY | O_CLOEXEC);
	ssize_t bytes = fd < 0 ? -1 : read(fd, numbers, sizeof(numbers));
	size_t left = bytes < 0 ? 0 : (size_t)bytes / sizeof(numbers[0]);
	const uint64_t *at = numbers;
	size_t n = 0;

	if (fd >= 0)
		close(fd);
	while (n < RECORDS && left >= 2 && at[1] <= CPUS_MAX &&
	       left >= 2 + at[1]) {
		struct record *record = &records[n++];

		*record = (struct record){ .at_ns = at[0], .n = at[1] };
		memcpy(record->stolen_ns, at + 2, at[1] * sizeof(at[0]));
		left -= 2 + at[1];
		at += 2 + at[1];
	}
	return n;
}

static bool tell(const char *kind, const char *detail)
{
	int fd = open(KT_GUEST_EVENTS, O_WRONLY | O_CLOEXEC);
	char line[KT_EVENT_MAX_BYTES];
	int length =
		snprintf(line, sizeof(line),
			 "{\"kind\": \"%s\", \"step\": \"first\", "
			 "\"detail\": \"%s\", \"monotonic_ns\": %" PRIu64 "}\n",
			 kind, detail, now_ns());
	bool fine = fd >= 0 && length > 0 && (size_t)length < sizeof(line) &&
		    write(fd, line, (size_t)length) == length;

	if (fd >= 0)
		close(fd);
	return fine;
}

/* The host's news of now come soon when an event asks for them. */
static bool await_record(struct record records[RECORDS], size_t *ret_n)
{
	const uint64_t of_ns = now_ns(), until = of_ns + 5000000000u;

	if (!tell("look", ""))
		return false;
	while (now_ns() < until) {
		size_t n = read_records(records);

		if (n && records[n - 1].at_ns >= of_ns) {
			*ret_n = n;
			return true;
		}
		usleep(5000);
	}
	return false;
}

/* The last record at or before a moment, and the first at or behind it. */
static const struct record *before(const struct record *records, size_t n,
				   uint64_t at_ns)
{
	while (n > 1 && records[n - 1].at_ns > at_ns)
		n--;
	return &records[n - 1];
}

static const struct record *behind(const struct record *records, size_t n,
				   uint64_t at_ns)
{
	size_t i = 0;

	while (i + 1 < n && records[i].at_ns < at_ns)
		i++;
	return &records[i];
}

static void spin_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		return;
	for (uint64_t until = now_ns() + SPIN_S * 1000000000ull;
	     now_ns() < until;)
		;
}

/* What was stolen of each CPU, as a share of the time. */
struct shares {
	double of[CPUS_MAX];
};

static struct shares shares_by_host(const struct record *records, size_t n,
				    uint64_t from_ns, uint64_t to_ns)
{
	const struct record *first = before(records, n, from_ns);
	const struct record *last = behind(records, n, to_ns);
	struct shares shares;

	for (int cpu = 0; cpu < CPUS_MAX; cpu++)
		shares.of[cpu] =
			(double)(last->stolen_ns[cpu] - first->stolen_ns[cpu]) /
			(double)(last->at_ns - first->at_ns);
	return shares;
}

static struct shares shares_by_guest(const struct reading *from,
				     const struct reading *to)
{
	struct shares shares;

	for (int cpu = 0; cpu < CPUS_MAX; cpu++)
		shares.of[cpu] =
			(double)(to->stolen_ns[cpu] - from->stolen_ns[cpu]) /
			(double)(to->at_ns - from->at_ns);
	return shares;
}

/*
 * Spins on the last CPU while another one, if there is one, has next to nothing
 * to do, and compares what host and guest say of it: the share of the time that
 * was stolen from the spinning CPU has to be in these bounds.
 */
static enum ktstr_verdict measure(struct ktstr_context *ctx, double least,
				  double most)
{
	static struct record records[RECORDS];
	const int n_cpus = (int)ktstr_current(ctx)->cores;
	struct reading from = { 0 }, to = { 0 };
	struct shares host, guest;
	size_t n = 0, n_between = 0;
	double busy;

	KTSTR_REQUIRE(ctx, sysconf(_SC_NPROCESSORS_ONLN) == n_cpus);
	KTSTR_REQUIRE(ctx, await_record(records, &n));
	KTSTR_REQUIRE(ctx, read_proc_stat(n_cpus, &from));
	spin_on(n_cpus - 1);
	KTSTR_REQUIRE(ctx, read_proc_stat(n_cpus, &to));
	KTSTR_REQUIRE(ctx, await_record(records, &n));

	/* It was taken when an event came, that is between that and now. */
	KTSTR_REQUIRE(ctx, records[n - 1].at_ns >= to.at_ns);
	KTSTR_REQUIRE(ctx, records[n - 1].at_ns <= now_ns() + TIME_ERROR_NS);
	for (size_t i = 0; i < n; i++) {
		const struct record *last = &records[i ? i - 1 : 0];

		KTSTR_REQUIRE(ctx, records[i].n == (uint64_t)n_cpus);
		KTSTR_REQUIRE(ctx, i == 0 || records[i].at_ns > last->at_ns);
		for (int cpu = 0; cpu < n_cpus; cpu++)
			KTSTR_REQUIRE(ctx, records[i].stolen_ns[cpu] >=
						   last->stolen_ns[cpu]);
		n_between += records[i].at_ns > from.at_ns &&
			     records[i].at_ns < to.at_ns;
	}
	host = shares_by_host(records, n, from.at_ns, to.at_ns);
	guest = shares_by_guest(&from, &to);
	for (int cpu = 0; cpu < n_cpus; cpu++)
		ktstr_note(ctx,
			   "stolen from CPU %d: %.1f %% by the host's word, "
			   "%.1f %% by the guest's",
			   cpu, 100 * host.of[cpu], 100 * guest.of[cpu]);
	ktstr_metric(ctx, "records", (double)n_between, "");
	KTSTR_REQUIRE(ctx, n_between >= 5 * SPIN_S);
	busy = host.of[n_cpus - 1];
	KTSTR_REQUIRE(ctx, busy >= least && busy <= most);
	/* CPUs that were mixed up would differ by more than host and guest do. */
	for (int cpu = 0; cpu < n_cpus; cpu++)
		KTSTR_REQUIRE(ctx,
			      fabs(host.of[cpu] - guest.of[cpu]) < TOLERANCE);
	KTSTR_REQUIRE(ctx, n_cpus == 1 || busy - host.of[0] > 2 * TOLERANCE);
	return KTSTR_PASS;
}

KTSTR_TEST(left_alone, .cores = 1, .memory_mib = 256)
{
	return measure(ctx, 0, 0.3);
}

KTSTR_TEST(stolen_from, .cores = 2, .memory_mib = 256)
{
	return measure(ctx, 0.35, 0.75);
}

/* The kernel goes down, and what was told before is known all the same. */
KTSTR_TEST(crashes_later, .cores = 1, .memory_mib = 256)
{
	static const char not_utf8[] = "{\"kind\": \"\xff\"}\n";
	int events = open(KT_GUEST_EVENTS, O_WRONLY | O_CLOEXEC);
	int trigger = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

	KTSTR_REQUIRE(ctx, events >= 0 && trigger >= 0);
	KTSTR_REQUIRE(ctx, tell("begin", "caf\u00e9"));
	KTSTR_REQUIRE(ctx, write(events, not_utf8, sizeof(not_utf8) - 1) > 0);
	usleep(300000);
	KTSTR_REQUIRE(ctx, tell("end", ""));
	/* Init has to have a chance to send it on. */
	usleep(500000);
	KTSTR_REQUIRE(ctx, write(trigger, "c", 1) == 1);
	return KTSTR_PASS;
}

/* Several processes at once, up to their end; no line is lost or torn. */
KTSTR_TEST(tells_a_lot, .cores = 1, .memory_mib = 256)
{
	enum { WRITERS = 4, EVENTS = 200 };
	char detail[1000];

	memset(detail, 'x', sizeof(detail) - 1);
	detail[sizeof(detail) - 1] = '\0';
	for (int writer = 0; writer < WRITERS; writer++) {
		pid_t pid = fork();

		KTSTR_REQUIRE(ctx, pid >= 0);
		if (pid == 0) {
			for (int i = 0; i < EVENTS; i++)
				if (!tell("one", detail))
					_exit(1);
			_exit(0);
		}
	}
	for (int writer = 0; writer < WRITERS; writer++) {
		int status;

		KTSTR_REQUIRE(ctx, wait(&status) > 0 && status == 0);
	}
	return KTSTR_PASS;
}
