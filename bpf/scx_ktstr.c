// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads the scheduler and stays until it is told to end or the scheduler is.
 * Options make it misbehave.
 */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "scx_ktstr.h"
#include "scx_ktstr_object.h"

/* <linux/bpf.h> of an older system lacks these (both v6.4). */
#define F_LINK            (1u << 13) /* BPF_F_LINK */
#define ATTACH_STRUCT_OPS 44         /* BPF_STRUCT_OPS */

#define STEP_MS 50

/* scx_exit_kind: from here on it is an error. */
#define EXIT_ERROR 1024

/* Of the BPF side, by name. */
#define COUNTER_OF_EXIT "exit_kind"

static const struct knob {
	const char *name;
	const char *help;
} knobs[] = {
#define KNOB(name_, help_) { #name_, help_ },
	KTSTR_KNOBS(KNOB)
#undef KNOB
};

#define N_KNOBS (sizeof(knobs) / sizeof(knobs[0]))

struct arguments {
	const char *stall_comm;
	unsigned long long knobs[N_KNOBS];
	int after_s;      /* until the knobs are turned */
	int exit_after_s; /* -1: never */
	bool impatient;
	bool refuse;
	bool rejected;
	bool linger;
};

struct scheduler {
	struct bpf_object *object;
	const struct btf *btf;
	char *bss; /* shared with the BPF side */
};

static void print_usage(void)
{
	fputs("usage: scx_ktstr [OPTION...]\n"
	      "  --stall-comm=NAME        never run a task of this name\n",
	      stderr);
	for (size_t i = 0; i < N_KNOBS; i++)
		fprintf(stderr, "  --%s=N%*s%s\n", knobs[i].name,
			(int)(21 - strlen(knobs[i].name)), "", knobs[i].help);
	fputs("  --after=S                turn these only after so many "
	      "seconds\n"
	      "  --impatient              have the kernel end it when a task "
	      "waits 2 s\n"
	      "  --refuse                 end with an error before anything is "
	      "loaded\n"
	      "  --rejected               load what the kernel's verifier "
	      "refuses\n"
	      "  --exit-after=S           exit with 3 after so many seconds\n"
	      "  --linger                 stay when the kernel has ended the "
	      "scheduler\n",
	      stderr);
}

/* The option's value when it is of that name; dashes are underscores. */
static const char *value_of(const char *word, const char *name)
{
	while (*name && (*word == *name || (*word == '-' && *name == '_'))) {
		word++;
		name++;
	}
	return *name ? NULL : *word == '=' ? word + 1 : *word ? NULL : word;
}

static bool parse_knob(const char *word, struct arguments *ret)
{
	for (size_t i = 0; i < N_KNOBS; i++) {
		const char *value = value_of(word, knobs[i].name);
		char *end;

		if (!value || !isdigit((unsigned char)*value))
			continue;
		ret->knobs[i] = strtoull(value, &end, 10);
		return !*end;
	}
	return false;
}

static bool parse_word(const char *word, struct arguments *ret)
{
	const char *value;

	if (strncmp(word, "--", 2) != 0)
		return false;
	word += 2;
	if ((value = value_of(word, "stall-comm")))
		ret->stall_comm = value;
	else if ((value = value_of(word, "after")))
		ret->after_s = atoi(value);
	else if ((value = value_of(word, "exit-after")))
		ret->exit_after_s = atoi(value);
	else if (strcmp(word, "impatient") == 0)
		ret->impatient = true;
	else if (strcmp(word, "refuse") == 0)
		ret->refuse = true;
	else if (strcmp(word, "rejected") == 0)
		ret->rejected = true;
	else if (strcmp(word, "linger") == 0)
		ret->linger = true;
	else
		return parse_knob(word, ret);
	return true;
}

static int parse(int argc, char **argv, struct arguments *ret)
{
	*ret = (struct arguments){ .exit_after_s = -1 };
	for (int i = 1; i < argc; i++) {
		if (!parse_word(argv[i], ret)) {
			fprintf(stderr, "scx_ktstr: \"%s\" is no option of it\n",
				argv[i]);
			print_usage();
			return -EINVAL;
		}
	}
	return 0;
}

static int fail(const char *what, int r)
{
	fprintf(stderr, "scx_ktstr: %s: %s\n", what, strerror(-r));
	return r;
}

/* Where a variable lies in .bss; -1: there is none. */
static long offset_of(const struct scheduler *scheduler, const char *name)
{
	const struct btf *btf = scheduler->btf;
	int id = btf__find_by_name_kind(btf, ".bss", BTF_KIND_DATASEC);
	const struct btf_type *section = btf__type_by_id(btf, (__u32)id);

	for (__u16 i = 0; section && i < btf_vlen(section); i++) {
		const struct btf_var_secinfo *info =
			&btf_var_secinfos(section)[i];
		const struct btf_type *variable =
			btf__type_by_id(btf, info->type);

		if (strcmp(btf__name_by_offset(btf, variable->name_off), name) ==
		    0)
			return info->offset;
	}
	return -1;
}

static volatile void *variable(const struct scheduler *scheduler, const char *name)
{
	long offset = offset_of(scheduler, name);

	return offset < 0 ? NULL : scheduler->bss + offset;
}

static int turn_knobs(const struct scheduler *scheduler,
		      const struct arguments *arguments)
{
	for (size_t i = 0; i < N_KNOBS; i++) {
		volatile unsigned long long *knob =
			variable(scheduler, knobs[i].name);

		if (!knob)
			return fail(knobs[i].name, -ENOENT);
		if (arguments->knobs[i])
			*knob = arguments->knobs[i];
	}
	return 0;
}

static int set_options(struct bpf_object *object,
		       const struct arguments *arguments)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
	struct ktstr_options *options;
	size_t has = 0;

	options = map ? (void *)bpf_map__initial_value(map, &has) : NULL;
	if (!options || has < sizeof(*options))
		return fail("the BPF object has no options", -EINVAL);
	if (arguments->stall_comm)
		snprintf(options->stall_comm, sizeof(options->stall_comm), "%s",
			 arguments->stall_comm);
	return 0;
}

static int map_bss(struct scheduler *scheduler)
{
	struct bpf_map *map =
		bpf_object__find_map_by_name(scheduler->object, ".bss");
	void *data;

	if (!map)
		return fail("the BPF object has no variables", -EINVAL);
	data = mmap(NULL, bpf_map__value_size(map), PROT_READ | PROT_WRITE,
		    MAP_SHARED, bpf_map__fd(map), 0);
	if (data == MAP_FAILED)
		return fail("cannot map the variables", -errno);
	scheduler->bss = data;
	return 0;
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
	fd = bpf_link_create(bpf_map__fd(ops), 0, ATTACH_STRUCT_OPS, NULL);
	return fd < 0 ? fail("cannot attach the scheduler", fd) : 0;
}

/* Of the object's schedulers the one that is wanted; the other is not made. */
static struct bpf_map *choose_ops(struct bpf_object *object,
				  const struct arguments *arguments)
{
	const char *wanted =
		arguments->impatient ? "impatient_ops" : "patient_ops";
	struct bpf_map *map, *ops = NULL;

	bpf_object__for_each_map(map, object)
	{
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		if (strcmp(bpf_map__name(map), wanted) == 0)
			ops = map;
		else
			bpf_map__set_autocreate(map, false);
	}
	if (ops)
		bpf_map__set_map_flags(ops, bpf_map__map_flags(ops) | F_LINK);
	return ops;
}

static int load(const struct arguments *arguments, struct scheduler *ret)
{
	/* Of which the kernel keeps eight characters before ".bss". */
	LIBBPF_OPTS(bpf_object_open_opts, named, .object_name = "scx_ktstr");
	struct bpf_program *program;
	struct bpf_map *ops;
	int r;

	ret->object = bpf_object__open_mem(scx_ktstr_object,
					   sizeof(scx_ktstr_object), &named);
	if (!ret->object)
		return fail("cannot open the BPF object", -errno);
	ret->btf = bpf_object__btf(ret->object);
	r = set_options(ret->object, arguments);
	if (r)
		return r;
	ops = choose_ops(ret->object, arguments);
	if (!ops)
		return fail("the BPF object has no scheduler", -EINVAL);
	program = bpf_object__find_program_by_name(ret->object, "ktstr_init");
	bpf_program__set_flags(program, BPF_F_SLEEPABLE);
	program =
		bpf_object__find_program_by_name(ret->object, "ktstr_rejected");
	bpf_program__set_autoload(program, arguments->rejected);
	r = bpf_object__load(ret->object);
	if (r < 0)
		return fail("cannot load the BPF object", r);
	r = map_bss(ret);
	if (!r && !arguments->after_s)
		r = turn_knobs(ret, arguments);
	return r ? r : attach(ops);
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) +
	       (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

/* Until a signal, or the end of the scheduler. The exit status. */
static int stay(const struct scheduler *scheduler,
		const struct arguments *arguments)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000l };
	volatile unsigned int *exit_kind = variable(scheduler, COUNTER_OF_EXIT);
	struct timespec start;
	bool turned = !arguments->after_s;
	sigset_t set;

	clock_gettime(CLOCK_MONOTONIC, &start);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	for (;;) {
		if (sigtimedwait(&set, NULL, &step) > 0)
			return 0;
		if (arguments->exit_after_s >= 0 &&
		    seconds_since(&start) >= arguments->exit_after_s)
			return 3;
		if (!turned && seconds_since(&start) >= arguments->after_s) {
			turned = true;
			turn_knobs(scheduler, arguments);
		}
		if (exit_kind && *exit_kind && !arguments->linger) {
			printf("the kernel ended the scheduler: kind %u\n",
			       *exit_kind);
			return *exit_kind >= EXIT_ERROR;
		}
	}
}

int main(int argc, char **argv)
{
	struct scheduler scheduler = { .bss = NULL };
	struct arguments arguments;
	sigset_t set;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (parse(argc, argv, &arguments) < 0)
		return 2;
	if (arguments.refuse) {
		fprintf(stderr, "scx_ktstr: this was to fail\n");
		return 1;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (load(&arguments, &scheduler) < 0)
		return 1;
	printf("attached\n");
	return stay(&scheduler, &arguments);
}
