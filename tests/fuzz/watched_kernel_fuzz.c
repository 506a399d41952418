// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that rewrites its kernel's memory while it is watched: page tables,
 * the tables of maps and programs, lists of tasks and elements, types, sizes.
 * The input says what is written, and before which of the watcher's looks at
 * memory. Whatever it is, each walk ends, in bounds and before long, and keeps
 * to what it promises.
 *
 *	input: how, then writes: | looks u8 | place u8 | offset u16 | kind u8 |
 *	       a value of 8 bytes or fewer, by kind |
 */
#include <errno.h>
#include <jansson.h>
#include <linux/bpf.h>
#include <stdio.h>

#include "../unit/monitor/made_up_kernel.h"
#include "base/macro.h"
#include "fuzz.h"
#include "monitor/bpf.h"
#include "monitor/bpf_entries.h"
#include "monitor/domain_store.h"
#include "monitor/map_write.h"
#include "monitor/program_store.h"
#include "monitor/sample.h"
#include "monitor/tasks.h"
#include "monitor/value.h"
#include "monitor/watchdog.h"

#define WORLD      (GUEST_IMAGE_VA + 0x180000)
#define MAP_IDR    WORLD
#define PROG_IDR   (WORLD + 0x80)
#define NODE(i_)   (WORLD + 0x1000 + (i_)*0x100ULL)
#define MAP(i_)    (WORLD + 0x2000 + (i_)*0x100ULL)
#define PROG(i_)   (WORLD + 0x3000 + (i_)*0x100ULL)
#define AUX(i_)    (PROG(i_) + 0x40)
#define BUCKETS    (WORLD + 0x4000)
#define ELEM(i_)   (WORLD + 0x5000 + (i_)*0x40ULL)
#define BTF        (WORLD + 0x6000)
#define BTF_BLOB   (WORLD + 0x7000)
#define TASK(i_)   (WORLD + 0x8000 + (i_)*0x100ULL)
#define DOMAIN(i_) (WORLD + 0x9000 + (i_)*0x200ULL)
#define PER_CPU    0x6000ULL
#define N_MAPS     5
#define N_TASKS    4

#define WRITES_MAX  64
#define ENTRIES_MAX 2000
/* No input makes the watcher look oftener than that in all. */
#define LOOKS_MAX   4000000u

enum kind {
	KIND_VALUE, /* 8 bytes as they are */
	KIND_PLACE, /* the address of something, with the lowest bits */
	KIND_SMALL, /* one byte as 4 */
	KIND_FLIP,  /* one bit of 8 bytes */
	N_KINDS,
};

struct write {
	uint32_t after; /* looks */
	uint64_t gpa;
	uint8_t data[8];
	uint8_t bytes;
	uint8_t before[8]; /* what was there */
	bool done;
};

static struct {
	struct made_up_kernel_guest made_up;
	uint64_t places[64];
	size_t n_places;
	uint64_t entries[64]; /* of page tables, by their GPA */
	size_t n_entries_of_tables;
	struct kt_memory_source source;
	struct write writes[WRITES_MAX];
	size_t n_writes;
	size_t n_done;
	uint32_t looks;
	size_t n_entries;
	const struct kt_bpf_map *map;
	struct kt_bpf_types types;
} world;

static void put32(uint64_t va, uint32_t value)
{
	made_up_guest_put32(&world.made_up.guest, va, value);
}

static void put64(uint64_t va, uint64_t value)
{
	made_up_guest_put64(&world.made_up.guest, va, value);
}

static void put_text(uint64_t va, const char *text)
{
	strcpy(made_up_guest_at(&world.made_up.guest, va), text);
}

static void add_place(uint64_t va)
{
	world.places[world.n_places++] = va;
	fuzz_check(world.n_places <= KT_ARRAY_SIZE(world.places));
}

/* A struct with a bit of everything, for the maps' values. */
static void make_map_types(uint32_t *ret_id)
{
	struct btf *btf = btf__new_empty();
	const void *blob;
	uint32_t bytes;
	int number, text, array, inner;

	fuzz_check(btf);
	number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	text = btf__add_int(btf, "char", 1, BTF_INT_CHAR);
	array = btf__add_array(btf, number, text, 4);
	btf__add_enum(btf, "choice", 4);
	btf__add_enum_value(btf, "ONE", 1);
	inner = btf__add_struct(btf, "value", 12);
	btf__add_field(btf, "name", array, 0, 0);
	btf__add_field(btf, "bits", number, 32, 3);
	btf__add_field(btf, "choice", inner - 1, 64, 0);
	*ret_id = (uint32_t)inner;
	blob = btf__raw_data(btf, &bytes);
	fuzz_check(blob && bytes < 0x1000);
	memcpy(made_up_guest_at(&world.made_up.guest, BTF_BLOB), blob, bytes);
	put64(BTF + BTF_DATA, BTF_BLOB);
	put32(BTF + BTF_SIZE, bytes);
	btf__free(btf);
}

static void make_maps(void)
{
	static const uint32_t types[N_MAPS] = {
		BPF_MAP_TYPE_ARRAY,       BPF_MAP_TYPE_PERCPU_ARRAY,
		BPF_MAP_TYPE_HASH,        BPF_MAP_TYPE_LRU_HASH,
		BPF_MAP_TYPE_PERCPU_HASH,
	};
	uint32_t type_id;

	make_map_types(&type_id);
	for (uint64_t i = 0; i < N_MAPS; i++) {
		put32(MAP(i) + MAP_TYPE, types[i]);
		put32(MAP(i) + MAP_KEY_SIZE, 4);
		put32(MAP(i) + MAP_VALUE_SIZE, 12);
		put32(MAP(i) + MAP_ENTRIES, 3);
		put32(MAP(i) + MAP_ID, (uint32_t)i + 1);
		put64(MAP(i) + MAP_BTF, BTF);
		put32(MAP(i) + MAP_VALUE_TYPE, type_id);
		put_text(MAP(i) + MAP_NAME, i ? "some.bss" : "counts");
		add_place(MAP(i));
		if (types[i] == BPF_MAP_TYPE_ARRAY) {
			put32(MAP(i) + ARRAY_ELEMENT, 16);
		} else if (types[i] == BPF_MAP_TYPE_PERCPU_ARRAY) {
			put32(MAP(i) + ARRAY_ELEMENT, 16);
			for (uint64_t k = 0; k < 3; k++)
				put64(MAP(i) + ARRAY_VALUE + k * 8,
				      PER_CPU + k * 16);
		} else {
			put64(MAP(i) + HTAB_BUCKETS, BUCKETS);
			put32(MAP(i) + HTAB_N_BUCKETS, 2);
		}
	}
	put64(BUCKETS, ELEM(0));
	put64(BUCKETS + BUCKET_BYTES, ELEM(2));
	put64(ELEM(0), ELEM(1));
	put64(ELEM(1), 0 << 1 | 1);
	put64(ELEM(2), 1 << 1 | 1);
	for (uint64_t i = 0; i < 3; i++)
		put64(ELEM(i) + ELEMENT_KEY + 8, PER_CPU + i * 16);
}

/* Two nodes below a third, as both tables have them. */
static void make_table(uint64_t idr, uint64_t node,
		       uint64_t (*object)(uint64_t), uint64_t n)
{
	put64(idr + IDR_HEAD, NODE(node) | 2);
	put32(idr + IDR_BASE, 1);
	*(uint8_t *)made_up_guest_at(&world.made_up.guest,
				     NODE(node) + XA_NODE_SHIFT) = 2;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t leaf = node + 1 + i / XA_SLOTS;

		put64(NODE(node) + XA_NODE_SLOTS + i / XA_SLOTS * 8,
		      NODE(leaf) | 2);
		put64(NODE(leaf) + XA_NODE_SLOTS + i % XA_SLOTS * 8, object(i));
	}
	add_place(idr);
	for (uint64_t i = 0; i < 3; i++)
		add_place(NODE(node + i));
}

static uint64_t map_at(uint64_t i)
{
	return MAP(i);
}

static uint64_t program_at(uint64_t i)
{
	return PROG(i);
}

static void make_programs(void)
{
	for (uint64_t i = 0; i < 2; i++) {
		put32(PROG(i) + PROG_TYPE, BPF_PROG_TYPE_STRUCT_OPS);
		put32(PROG(i) + PROG_LEN, 100);
		put64(PROG(i) + PROG_STATS, PER_CPU);
		put64(PROG(i) + PROG_AUX, AUX(i));
		put32(AUX(i) + AUX_ID, (uint32_t)i + 1);
		put_text(AUX(i) + AUX_NAME, "enqueue");
		add_place(PROG(i));
		add_place(AUX(i));
	}
	put64(AUX(0) + AUX_PARTS, ELEM(8));
	put32(AUX(0) + AUX_N_PARTS, 2);
	put64(ELEM(8), PROG(1));
	put64(ELEM(8) + 8, PROG(1));
}

static void make_tasks(void)
{
	for (uint64_t i = 0; i < N_TASKS; i++) {
		uint64_t signal = TASK(i) + 0x80;

		put64(TASK(i) + TASK_TASKS, TASK((i + 1) % N_TASKS) + TASK_TASKS);
		put64(TASK(i) + TASK_SIGNAL, signal);
		put64(TASK(i) + TASK_THREAD, signal + SIGNAL_THREADS);
		put64(signal + SIGNAL_THREADS, TASK(i) + TASK_THREAD);
		put32(TASK(i) + TASK_PID, (uint32_t)i + 1);
		put32(TASK(i) + TASK_TGID, (uint32_t)i + 1);
		put_text(TASK(i) + TASK_COMM, "task");
		add_place(TASK(i));
		add_place(signal);
	}
}

static void make_domains(void)
{
	for (uint64_t i = 0; i < 2; i++) {
		put64(DOMAIN(i) + SD_PARENT, i ? 0 : DOMAIN(1));
		put64(DOMAIN(i) + SD_NAME, ELEM(12));
		put32(DOMAIN(i) + SD_LEVEL, (uint32_t)i);
		put32(DOMAIN(i) + SD_SPAN_WEIGHT, 2 + (uint32_t)i);
		add_place(DOMAIN(i));
	}
	put_text(ELEM(12), "MC");
	for (uint32_t cpu = 0; cpu < MADE_UP_CPUS; cpu++) {
		put64(made_up_rq(cpu) + RQ_SD, DOMAIN(0));
		add_place(made_up_rq(cpu));
	}
}

static void write_now(struct write *write)
{
	struct made_up_guest *guest = &world.made_up.guest;
	uint8_t *at = guest->region.hva + (write->gpa - guest->region.gpa);

	memcpy(write->before, at, write->bytes);
	memcpy(at, write->data, write->bytes);
	write->done = true;
	world.n_done++;
}

/* The watcher looks at memory; what is due before that is written. */
static int look(void *userdata, uint64_t gpa, uint8_t *hva, uint64_t length)
{
	(void)userdata;
	(void)gpa;
	(void)hva;
	(void)length;
	world.looks++;
	fuzz_check(world.looks < LOOKS_MAX);
	while (world.n_done < world.n_writes &&
	       world.writes[world.n_done].after <= world.looks)
		write_now(&world.writes[world.n_done]);
	return 0;
}

static void undo_writes(void)
{
	struct made_up_guest *guest = &world.made_up.guest;

	while (world.n_done) {
		struct write *write = &world.writes[--world.n_done];

		memcpy(guest->region.hva + (write->gpa - guest->region.gpa),
		       write->before, write->bytes);
	}
	world.n_writes = 0;
	world.looks = 0;
	world.n_entries = 0;
}

static void add_entries(uint64_t table_gpa)
{
	struct made_up_guest *guest = &world.made_up.guest;

	for (uint64_t at = table_gpa; at < table_gpa + 4096; at += 8) {
		uint64_t entry;

		memcpy(&entry, guest->region.hva + (at - guest->region.gpa), 8);
		if (!entry)
			continue;
		world.entries[world.n_entries_of_tables++] = at;
		fuzz_check(world.n_entries_of_tables <
			   KT_ARRAY_SIZE(world.entries));
	}
}

static void find_entries(void)
{
	struct made_up_guest *guest = &world.made_up.guest;
	uint64_t end = guest->region.gpa + guest->region.size_bytes;

	add_entries(guest->paging.root_gpa);
	for (uint64_t gpa = guest->free_gpa; gpa < end; gpa += 4096)
		add_entries(gpa);
}

static void make_world(void)
{
	struct made_up_guest *guest = &world.made_up.guest;

	made_up_kernel_init(&world.made_up, KERNEL_NEW);
	world.made_up.kernel.symbols.address[KT_SYMBOL_MAP_IDR] = MAP_IDR;
	world.made_up.kernel.symbols.address[KT_SYMBOL_PROG_IDR] = PROG_IDR;
	world.made_up.kernel.symbols.address[KT_SYMBOL_INIT_TASK] = TASK(0);
	put64(made_up_scx_root(), made_up_scx_sched());
	make_maps();
	make_table(MAP_IDR, 0, map_at, N_MAPS);
	make_programs();
	make_table(PROG_IDR, 4, program_at, 2);
	make_tasks();
	make_domains();
	add_place(BUCKETS);
	for (uint64_t i = 0; i < 3; i++)
		add_place(ELEM(i));
	add_place(BTF);
	add_place(BTF_BLOB);
	add_place(made_up_scx_root());
	add_place(made_up_scx_sched());
	find_entries();
	world.source = (struct kt_memory_source){ look, NULL };
	guest->memory.source = &world.source;
}

/* Entries of page tables are places, too. */
static uint64_t place_gpa(uint8_t place, uint16_t offset)
{
	if (place >= 0xe0)
		return world.entries[offset % world.n_entries_of_tables];
	return made_up_guest_gpa(world.places[place % world.n_places] +
				 offset % 0x100);
}

static void take_write(struct fuzz_input *input, struct write *write)
{
	struct made_up_guest *guest = &world.made_up.guest;
	uint64_t value = 0;
	uint8_t place;

	write->after += fuzz_take8(input);
	place = fuzz_take8(input);
	write->gpa = place_gpa(place, fuzz_take16(input));
	write->bytes = 8;
	write->done = false;
	switch (fuzz_take8(input) % N_KINDS) {
	case KIND_VALUE:
		fuzz_take(input, &value, sizeof(value));
		break;
	case KIND_PLACE:
		value = world.places[fuzz_take8(input) % world.n_places] +
			fuzz_take8(input);
		break;
	case KIND_SMALL:
		value = fuzz_take8(input);
		write->bytes = 4;
		break;
	default:
		memcpy(&value,
		       guest->region.hva + (write->gpa - guest->region.gpa), 8);
		value ^= 1ULL << fuzz_take8(input) % 64;
	}
	memcpy(write->data, &value, sizeof(value));
}

static void check_value(uint64_t address)
{
	uint8_t data[256];
	uint32_t bytes = world.map->value_size;
	json_t *value;

	if (bytes > sizeof(data) ||
	    kt_view_read(&world.made_up.kernel.view, address, data, bytes) < 0 ||
	    !world.types.types ||
	    kt_value_json(world.types.types, world.map->value_type_id, data,
			  bytes, &value) < 0)
		return;
	fuzz_check(value);
	json_decref(value);
}

static int check_entry(void *userdata, const struct kt_bpf_entry *entry)
{
	uint8_t sum = 0;

	(void)userdata;
	fuzz_check(entry->n_values >= 1 && entry->n_values <= MADE_UP_CPUS);
	for (uint32_t i = 0; i < world.map->key_size; i++)
		sum ^= entry->key[i];
	(void)sum;
	for (uint32_t i = 0; i < entry->n_values; i++)
		check_value(entry->values[i]);
	return ++world.n_entries >= ENTRIES_MAX;
}

static int check_map(void *userdata, const struct kt_bpf_map *map)
{
	struct kt_guest_kernel *kernel = userdata;
	struct ktstr_error err = { 0 };

	fuzz_check(memchr(map->name, 0, sizeof(map->name)));
	fuzz_check(*kt_bpf_map_type_name(map->type));
	world.map = map;
	world.types = (struct kt_bpf_types){ .types = NULL };
	if (kt_bpf_types_init(&world.types, kernel, map, &err) < 0) {
		fuzz_check(*err.message);
		world.types.types = NULL;
	}
	(void)kt_bpf_entries_walk(kernel, map, check_entry, NULL);
	kt_bpf_types_deinit(&world.types);
	return world.n_entries >= ENTRIES_MAX;
}

static int check_program(void *userdata, const struct kt_bpf_program *program)
{
	(void)userdata;
	fuzz_check(memchr(program->name, 0, sizeof(program->name)));
	fuzz_check(*kt_bpf_program_type_name(program->type));
	return 0;
}

static void check_writes(struct kt_guest_kernel *kernel)
{
	const struct kt_map_write writes[] = {
		{ .map = "counts", .offset = 4, .value = 1 },
		{ .map = "counts", .variable = "value.bits", .value = 1 },
	};
	struct kt_map_write_place places[KT_ARRAY_SIZE(writes)];
	struct ktstr_error err = { 0 };

	for (size_t i = 0; i < KT_ARRAY_SIZE(writes); i++) {
		if (kt_map_writes_find(kernel, &writes[i], 1, &places[i], &err) <
		    0)
			fuzz_check(*err.message);
	}
}

static int check_task(void *userdata, const struct kt_task *task)
{
	uint32_t *n = userdata;

	fuzz_check(task->pid > 0 && task->tgid > 0 && task->state);
	fuzz_check(memchr(task->comm, 0, sizeof(task->comm)));
	fuzz_check(++*n <= KT_TASKS_MAX);
	return *n >= ENTRIES_MAX;
}

static void check_sample(struct kt_guest_kernel *kernel)
{
	struct ktstr_cpu_sample cpus[MADE_UP_CPUS] = { 0 };
	struct ktstr_monitor_sample sample = { .cpus = cpus };
	struct kt_sampler sampler;

	if (kt_sampler_init(&sampler, kernel, NULL) < 0)
		return;
	if (kt_sampler_take(&sampler, &sample) == 0 &&
	    sample.has & KTSTR_SAMPLE_SCX) {
		for (uint32_t i = 0; i < MADE_UP_CPUS; i++)
			fuzz_check(cpus[i].local_dsq_depth <=
				   KT_SAMPLE_DSQ_DEPTH_MAX);
	}
	kt_sampler_deinit(&sampler);
}

static void check_stores(struct kt_guest_kernel *kernel)
{
	struct kt_domain_store domains = { 0 };
	struct kt_program_store programs = { 0 };
	struct kt_watchdog watchdog = { .timeout_ms = 5000 };

	(void)kt_domain_store_take(&domains, kernel);
	for (size_t i = 0; i < domains.n; i++)
		for (size_t cpu = 0; cpu < MADE_UP_CPUS; cpu++)
			fuzz_check(domains.snapshots[i].n_domains[cpu] <=
				   KT_DOMAINS_MAX);
	kt_domain_store_deinit(&domains);
	(void)kt_program_store_take(&programs, kernel);
	kt_program_store_deinit(&programs);
	kt_watchdog_tick(&watchdog, kernel);
}

static int count_map(void *userdata, const struct kt_bpf_map *map)
{
	(void)map;
	++*(uint32_t *)userdata;
	return 0;
}

static int count_program(void *userdata, const struct kt_bpf_program *program)
{
	(void)program;
	++*(uint32_t *)userdata;
	return 0;
}

/* A world that nobody writes to is seen whole, or there is nothing to tear. */
static void check_world(struct kt_guest_kernel *kernel)
{
	uint32_t n_maps = 0, n_programs = 0, n_tasks = 0;

	fuzz_check(kt_bpf_maps_walk(kernel, count_map, &n_maps) == 0);
	fuzz_check(kt_bpf_programs_walk(kernel, count_program, &n_programs) == 0);
	fuzz_check(kt_tasks_walk(kernel, check_task, &n_tasks) == 0);
	fuzz_check(kt_bpf_maps_walk(kernel, check_map, kernel) == 0);
	fuzz_check(n_maps == N_MAPS && n_programs == 2);
	fuzz_check(n_tasks == N_TASKS - 1 && world.n_entries == 3 * N_MAPS);
	undo_writes();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	struct kt_guest_kernel *kernel = &world.made_up.kernel;
	uint32_t after = 0, n_tasks = 0;
	uint8_t how;

	if (!world.n_places) {
		make_world();
		check_world(kernel);
	}
	how = fuzz_take8(&input);
	while (input.left && world.n_writes < WRITES_MAX) {
		struct write *write = &world.writes[world.n_writes++];

		write->after = after;
		take_write(&input, write);
		after = write->after;
	}
	kt_view_forget(&kernel->view);
	/* One walk after the other, or that alone. */
	if (how % 8 == 0 || how % 8 == 1)
		(void)kt_bpf_maps_walk(kernel, check_map, kernel);
	if (how % 8 == 0 || how % 8 == 2)
		(void)kt_bpf_programs_walk(kernel, check_program, NULL);
	if (how % 8 == 0 || how % 8 == 3)
		(void)kt_tasks_walk(kernel, check_task, &n_tasks);
	if (how % 8 == 0 || how % 8 == 4)
		check_sample(kernel);
	if (how % 8 == 0 || how % 8 == 5)
		check_stores(kernel);
	if (how % 8 == 0 || how % 8 == 6)
		check_writes(kernel);
	undo_writes();
	return 0;
}
