// SPDX-License-Identifier: GPL-2.0-only
/*
 * hostile MICRO INIT [TRICK...]: boots the micro guest once a trick and holds
 * what the library reports against what the guest did. After every guest the
 * process must own as many descriptors and threads as before, and no more
 * memory than its bound. Needs a KVM, any: the micro guest runs where ordinary
 * kernels do not. Exits 77 when there is none.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <ktstr/vm.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"

#define SKIP       77
#define MEMORY_MIB 64
#define TEXT_BYTES 256

/* Guests that come to an end by themselves get time for a slow host. */
#define PATIENT_MS 60000
/* The others run out of it; FLOOD_MS is what bytes need to get through. */
#define SHORT_MS   1000
#define FLOOD_MS   6000

/*
 * Guest memory, what is kept of its output (64 MiB, up to three times while it
 * grows), and in a build with ASan what that holds back of freed memory.
 */
#define MAX_RSS_MIB (MEMORY_MIB + 3 * 64 + 128 + 256)

enum ending {
	BY_RESET,
	BY_TRIPLE_FAULT,
	BY_TIMEOUT,
	BY_STOP,
};

struct notes {
	pthread_mutex_t lock;
	unsigned int warnings;
	char last[TEXT_BYTES];
};

struct outcome {
	const struct ktstr_vm_result *result;
	const struct notes *notes;
	char why[TEXT_BYTES]; /* what is wrong; "" when nothing is */
};

struct trick {
	const char *name;
	enum ending ending;
	uint32_t timeout_ms;
	bool survives; /* says so on COM1 before it ends */
	void (*check)(struct outcome *outcome);
	bool shares; /* also played beside the others of its kind */
};

static void complain(struct outcome *outcome, const char *what)
{
	if (!*outcome->why)
		snprintf(outcome->why, sizeof(outcome->why), "%s", what);
}

static void check_flooded_log(struct outcome *outcome)
{
	size_t length = strlen(outcome->result->console);

	/* NUL bytes are among the garbage: the text may look shorter. */
	if (length > 256 * KT_KIB)
		complain(outcome, "more than 256 KiB of the log were kept");
}

static void check_violations(struct outcome *outcome)
{
	if (!strstr(outcome->notes->last, "broke the rules"))
		complain(outcome, "no warning about the broken rules");
	if (outcome->notes->warnings > 32)
		complain(outcome, "the guest flooded the host's log");
}

static void check_frames(struct outcome *outcome)
{
	if (!strstr(outcome->result->output, "bla\nbla\n"))
		complain(outcome, "the guest's output did not arrive");
	if (strlen(outcome->result->output) > 65 * KT_MIB)
		complain(outcome, "too much of the guest's output was kept");
}

static const struct trick tricks[] = {
	{ "hang", BY_TIMEOUT, SHORT_MS, false, NULL },
	{ "hang", BY_STOP, PATIENT_MS, false, NULL, true },
	{ "halt", BY_TIMEOUT, SHORT_MS, false, NULL },
	{ "triple-fault", BY_TRIPLE_FAULT, PATIENT_MS, false, NULL },
	{ "reset", BY_RESET, PATIENT_MS, false, NULL },
	{ "serial", BY_TIMEOUT, SHORT_MS, false, check_flooded_log },
	{ "ports", BY_RESET, PATIENT_MS, true, NULL },
	{ "registers", BY_RESET, PATIENT_MS, true, NULL, true },
	{ "queues", BY_RESET, PATIENT_MS, true, check_violations, true },
	{ "console", BY_TIMEOUT, FLOOD_MS, false, NULL, true },
	{ "frames", BY_TIMEOUT, FLOOD_MS, false, check_frames },
	{ "control", BY_TIMEOUT, SHORT_MS, false, NULL },
};

static const char *ending_name(enum ending ending)
{
	static const char *const names[] = {
		[BY_RESET] = "by reset",
		[BY_TRIPLE_FAULT] = "by triple fault",
		[BY_TIMEOUT] = "by timeout",
		[BY_STOP] = "by stop",
	};

	return names[ending];
}

static void note_message(void *userdata, enum ktstr_log_level level,
			 const char *message)
{
	struct notes *notes = userdata;

	if (level != KTSTR_LOG_WARNING)
		return;
	pthread_mutex_lock(&notes->lock);
	notes->warnings++;
	snprintf(notes->last, sizeof(notes->last), "%s", message);
	pthread_mutex_unlock(&notes->lock);
}

static void check_ending(const struct trick *trick, struct outcome *outcome)
{
	const struct ktstr_vm_result *result = outcome->result;
	const char *crash = result->crash ?: "";

	if (result->timed_out != (trick->ending == BY_TIMEOUT))
		complain(outcome, result->timed_out ? "it timed out" :
						      "it did not time out");
	if (result->stopped != (trick->ending == BY_STOP))
		complain(outcome, "stopped is wrong");
	if (trick->ending == BY_TRIPLE_FAULT && !strstr(crash, "triple fault"))
		complain(outcome, "the crash text names no triple fault");
	/* A guest may put its own words first: those on COM2. */
	if (trick->ending == BY_RESET && !strstr(crash, "restarted before") &&
	    !trick->survives)
		complain(outcome, "the crash text tells of no restart");
	if (result->success || result->ready || result->exit_code != -1)
		complain(outcome, "it counts as a guest that worked");
	if (trick->survives && !strstr(crash, "micro: survived"))
		complain(outcome, "the guest did not survive its own trick");
	if (trick->check)
		trick->check(outcome);
}

/*
 * Pulls the plug while the guest hangs. When exactly does not matter, so this
 * is no wait for anything.
 */
static void *stop_after_a_while(void *userdata)
{
	struct ktstr_vm *vm = userdata;
	const struct timespec while_ = { .tv_nsec = 300 * 1000 * 1000 };

	nanosleep(&while_, NULL);
	ktstr_vm_stop(vm);
	return NULL;
}

static int run_vm(struct ktstr_vm *vm, enum ending ending,
		  struct ktstr_vm_result **ret, struct ktstr_error *err)
{
	pthread_t stopper;
	int r;

	if (ending != BY_STOP)
		return ktstr_vm_run(vm, ret, err);
	if (pthread_create(&stopper, NULL, stop_after_a_while, vm))
		return -ENOMEM;
	r = ktstr_vm_run(vm, ret, err);
	pthread_join(stopper, NULL);
	return r;
}

static bool play(const char *micro, const char *init, const struct trick *trick,
		 char why[TEXT_BYTES])
{
	struct notes notes = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct ktstr_log log = { note_message, &notes };
	struct outcome outcome = { .notes = &notes };
	struct ktstr_vm_result *result = NULL;
	struct ktstr_vm *vm = NULL;
	struct ktstr_error err = { 0 };
	char cmdline[64];
	struct ktstr_vm_config config =
		KTSTR_VM_CONFIG(.kernel = micro, .init_binary = init,
				.memory_mib = MEMORY_MIB, .cmdline = cmdline,
				.share_when_busy = true,
				.timeout_ms = trick->timeout_ms, .log = &log);
	int r;

	snprintf(cmdline, sizeof(cmdline), "micro=%s", trick->name);
	r = ktstr_vm_build(&config, &vm, &err);
	if (!r)
		r = run_vm(vm, trick->ending, &result, &err);
	if (r) {
		snprintf(why, TEXT_BYTES, "%.200s", err.message);
	} else {
		outcome.result = result;
		check_ending(trick, &outcome);
		snprintf(why, TEXT_BYTES, "%s", outcome.why);
	}
	ktstr_vm_result_free(result);
	ktstr_vm_destroy(vm);
	return !*why;
}

static int count_entries(const char *path)
{
	_cleanup_closedir_ DIR *directory = opendir(path);
	int n = 0;

	while (directory && readdir(directory))
		n++;
	return n;
}

/* A guest may not cost the process anything that outlives it. */
static bool run_trick(const char *micro, const char *init,
		      const struct trick *trick)
{
	int fds = count_entries("/proc/self/fd");
	int threads = count_entries("/proc/self/task");
	uint64_t start_ns = kt_now_ns();
	char why[TEXT_BYTES] = "";
	struct rusage usage;

	play(micro, init, trick, why);
	if (!*why && count_entries("/proc/self/fd") != fds)
		snprintf(why, sizeof(why), "it left %d descriptors behind",
			 count_entries("/proc/self/fd") - fds);
	if (!*why && count_entries("/proc/self/task") != threads)
		snprintf(why, sizeof(why), "it left threads behind");
	getrusage(RUSAGE_SELF, &usage);
	if (!*why && usage.ru_maxrss > MAX_RSS_MIB * 1024L)
		snprintf(why, sizeof(why), "the host grew to %ld KiB",
			 usage.ru_maxrss);
	printf("%s %s ends %s (%.1f s, %ld MiB) %s\n", *why ? "FAIL" : "ok  ",
	       trick->name, ending_name(trick->ending),
	       (double)(kt_now_ns() - start_ns) / 1e9, usage.ru_maxrss / 1024,
	       why);
	fflush(stdout);
	return !*why;
}

struct neighbour {
	const char *micro;
	const char *init;
	const struct trick *trick;
	char why[TEXT_BYTES];
};

static void *play_neighbour(void *userdata)
{
	struct neighbour *n = userdata;

	play(n->micro, n->init, n->trick, n->why);
	return NULL;
}

/* Several at once, each in a guest of its own: none minds the others. */
static bool run_neighbours(const char *micro, const char *init)
{
	struct neighbour neighbours[KT_ARRAY_SIZE(tricks)];
	pthread_t threads[KT_ARRAY_SIZE(tricks)];
	int fds = count_entries("/proc/self/fd");
	bool fine = true;
	size_t n = 0;

	for (size_t i = 0; i < KT_ARRAY_SIZE(tricks); i++) {
		if (!tricks[i].shares)
			continue;
		neighbours[n] = (struct neighbour){ micro, init, &tricks[i] };
		if (pthread_create(&threads[n], NULL, play_neighbour,
				   &neighbours[n])) {
			fine = false;
			break;
		}
		n++;
	}
	for (size_t i = 0; i < n; i++) {
		pthread_join(threads[i], NULL);
		if (!*neighbours[i].why)
			continue;
		printf("FAIL %s among neighbours: %s\n",
		       neighbours[i].trick->name, neighbours[i].why);
		fine = false;
	}
	if (count_entries("/proc/self/fd") != fds)
		fine = false;
	printf("%s %zu at once\n", fine ? "ok  " : "FAIL", n);
	return fine;
}

static bool is_wanted(const struct trick *trick, int argc, char **argv)
{
	for (int i = 3; i < argc; i++)
		if (strcmp(argv[i], trick->name) == 0)
			return true;
	return argc == 3;
}

int main(int argc, char **argv)
{
	_cleanup_close_ int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	size_t n_wanted = 0, n_fine = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: %s MICRO INIT [TRICK...]\n", argv[0]);
		return 2;
	}
	if (kvm < 0) {
		fprintf(stderr, "%s: /dev/kvm: %s\n", argv[0], strerror(errno));
		return SKIP;
	}
	for (size_t i = 0; i < KT_ARRAY_SIZE(tricks); i++) {
		if (!is_wanted(&tricks[i], argc, argv))
			continue;
		n_wanted++;
		n_fine += run_trick(argv[1], argv[2], &tricks[i]);
	}
	if (argc == 3) {
		n_wanted++;
		n_fine += run_neighbours(argv[1], argv[2]);
	}
	printf("%zu of %zu hostile guests left the host as it was\n", n_fine,
	       n_wanted);
	return n_wanted && n_fine == n_wanted ? 0 : 1;
}
