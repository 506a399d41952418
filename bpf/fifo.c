// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads the FIFO scheduler and stays until it is told to end or the scheduler
 * is. Options make it misbehave.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "fifo.h"
#include "fifo_object.h"

/* <linux/bpf.h> of an older system lacks these (both v6.4). */
#define FIFO_F_LINK            (1u << 13) /* BPF_F_LINK */
#define FIFO_ATTACH_STRUCT_OPS 44         /* BPF_STRUCT_OPS */

#define FIFO_STEP_MS 50

/* scx_exit_kind: from here on it is an error. */
#define FIFO_EXIT_ERROR 1024

static const char usage[] =
	"usage: ktstr-fifo [OPTION...]\n"
	"  --refuse          end with an error before anything is loaded\n"
	"  --stall=NAME      never run a task of this name\n"
	"  --error-after=S   have the kernel end the scheduler by an error\n"
	"  --exit-after=S    exit with 3 after so many seconds\n"
	"  --linger          stay when the kernel has ended the scheduler\n";

struct arguments {
	const char *stall;
	int error_after_s; /* -1: never, as in all below */
	int exit_after_s;
	bool refuse;
	bool linger;
};

static int parse(int argc, char **argv, struct arguments *ret)
{
	static const struct option options[] = {
		{ "stall", required_argument, NULL, 's' },
		{ "error-after", required_argument, NULL, 'e' },
		{ "exit-after", required_argument, NULL, 'x' },
		{ "refuse", no_argument, NULL, 'r' },
		{ "linger", no_argument, NULL, 'l' },
		{ 0 },
	};
	int option;

	*ret = (struct arguments){
		.error_after_s = -1,
		.exit_after_s = -1,
	};
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's':
			ret->stall = optarg;
			break;
		case 'e':
			ret->error_after_s = atoi(optarg);
			break;
		case 'x':
			ret->exit_after_s = atoi(optarg);
			break;
		case 'r':
			ret->refuse = true;
			break;
		case 'l':
			ret->linger = true;
			break;
		default:
			fputs(usage, stderr);
			return -EINVAL;
		}
	}
	return 0;
}

/* What the options will be; the one variable of its section. */
static struct fifo_options *options_of(struct bpf_object *object)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
	size_t has = 0;
	void *data = map ? (void *)bpf_map__initial_value(map, &has) : NULL;

	return has >= sizeof(struct fifo_options) ? data : NULL;
}

/* The state of a loaded object, shared with the BPF side. */
static struct fifo_state *map_state(struct bpf_object *object)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".bss");
	void *data;

	if (!map || bpf_map__value_size(map) < sizeof(struct fifo_state))
		return NULL;
	data = mmap(NULL, bpf_map__value_size(map), PROT_READ | PROT_WRITE,
		    MAP_SHARED, bpf_map__fd(map), 0);
	return data == MAP_FAILED ? NULL : data;
}

static int fail(const char *what, int r)
{
	fprintf(stderr, "ktstr-fifo: %s: %s\n", what, strerror(-r));
	return r;
}

/*
 * Attached as a link, the scheduler goes when this process does, however it
 * ends. libbpf before 1.2 knows no such links: its own attach then fills the
 * map in, which is all that it is to a map that is made for them.
 */
static int attach(struct bpf_map *ops)
{
	int fd;

	if (!bpf_map__attach_struct_ops(ops))
		return fail("cannot attach the scheduler", -errno);
	if (libbpf_major_version() > 1 || libbpf_minor_version() >= 2)
		return 0;
	fd = bpf_link_create(bpf_map__fd(ops), 0, FIFO_ATTACH_STRUCT_OPS, NULL);
	return fd < 0 ? fail("cannot attach the scheduler", fd) : 0;
}

static int load(const struct arguments *arguments, struct fifo_state **ret)
{
	const char *chosen = arguments->stall ? "fifo_stall_ops" : "fifo_ops";
	struct bpf_object *object =
		bpf_object__open_mem(fifo_object, sizeof(fifo_object), NULL);
	struct bpf_program *program;
	struct fifo_options *options;
	struct bpf_map *map, *ops = NULL;
	int r;

	if (!object)
		return fail("cannot open the BPF object", -errno);
	options = options_of(object);
	if (!options)
		return fail("the BPF object has no options", -EINVAL);
	if (arguments->stall)
		snprintf(options->stalled_comm, sizeof(options->stalled_comm),
			 "%s", arguments->stall);
	bpf_object__for_each_map(map, object)
	{
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		if (strcmp(bpf_map__name(map), chosen) == 0)
			ops = map;
		else
			bpf_map__set_autocreate(map, false);
	}
	if (!ops)
		return fail("the BPF object has no scheduler", -EINVAL);
	bpf_map__set_map_flags(ops, bpf_map__map_flags(ops) | FIFO_F_LINK);
	program = bpf_object__find_program_by_name(object, "fifo_init");
	bpf_program__set_flags(program, BPF_F_SLEEPABLE);
	r = bpf_object__load(object);
	if (r < 0)
		return fail("cannot load the BPF object", r);
	*ret = map_state(object);
	if (!*ret)
		return fail("the BPF object has no state", -EINVAL);
	return attach(ops);
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) +
	       (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static bool is_due(int after_s, const struct timespec *start)
{
	return after_s >= 0 && seconds_since(start) >= after_s;
}

/* Until a signal, or the end of the scheduler. The exit status. */
static int stay(const struct arguments *arguments, struct fifo_state *state)
{
	const struct timespec step = { .tv_nsec = FIFO_STEP_MS * 1000000l };
	volatile struct fifo_state *seen = state;
	struct timespec start;
	sigset_t set;

	clock_gettime(CLOCK_MONOTONIC, &start);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	for (;;) {
		if (sigtimedwait(&set, NULL, &step) > 0)
			return 0;
		if (is_due(arguments->exit_after_s, &start))
			return 3;
		if (is_due(arguments->error_after_s, &start))
			seen->give_error = 1;
		if (seen->exit_kind && !arguments->linger) {
			printf("the kernel ended the scheduler: kind %u\n",
			       seen->exit_kind);
			return seen->exit_kind >= FIFO_EXIT_ERROR;
		}
	}
}

int main(int argc, char **argv)
{
	struct arguments arguments;
	struct fifo_state *state = NULL;
	sigset_t set;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (parse(argc, argv, &arguments) < 0)
		return 2;
	if (arguments.refuse) {
		fprintf(stderr, "ktstr-fifo: this was to fail\n");
		return 1;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (load(&arguments, &state) < 0)
		return 1;
	printf("attached\n");
	return stay(&arguments, state);
}
