// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables that a hostile guest made up: whatever they say, a walk ends, and
 * what it finds is read from RAM or not at all; and what is written is read
 * back from there.
 */
#include "fuzz.h"
#include "base/macro.h"
#include "monitor/view.h"

#define PAGES   12
#define PAGE    4096u
#define RAM_GPA 0x40000ULL
#define VAS_MAX 64

static const struct {
	const struct kt_paging_ops *ops;
	unsigned int va_bits;
} ways[] = {
	{ &kt_paging_x86_64, 48 },      { &kt_paging_x86_64, 57 },
	{ &kt_paging_aarch64_4k, 39 },  { &kt_paging_aarch64_4k, 48 },
	{ &kt_paging_aarch64_16k, 47 }, { &kt_paging_aarch64_64k, 52 },
};

/* The pages lie in two regions, with a hole between them. */
static void make_memory(uint8_t *ram, struct kt_memory_region regions[2])
{
	regions[0] = (struct kt_memory_region){ .gpa = RAM_GPA,
						.size_bytes = 8 * PAGE,
						.hva = ram };
	regions[1] = (struct kt_memory_region){ .gpa = RAM_GPA + 9 * PAGE,
						.size_bytes = 4 * PAGE,
						.hva = ram + 8 * PAGE };
}

/* Most entries lead to RAM, or few walks would get far. */
static void make_tables(struct fuzz_input *input, uint8_t *ram)
{
	uint32_t n = fuzz_take16(input) % 2048;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = fuzz_take16(input) % (PAGES * PAGE / 8);
		uint8_t how = fuzz_take8(input);
		uint64_t entry;

		if (how & 0x80) {
			fuzz_take(input, &entry, sizeof(entry));
		} else {
			entry = RAM_GPA + (uint64_t)(how & 15) * PAGE;
			entry |= fuzz_take16(input) & 0xfff;
		}
		memcpy(ram + slot * 8, &entry, sizeof(entry));
	}
}

static void check_va(struct kt_view *view, uint64_t va)
{
	struct kt_translation found;
	uint8_t data[40], again[40], value;
	uint64_t word, same;
	char text[24];
	int r = kt_paging_translate(&view->paging, view->memory, va, &found);

	if (r == 0)
		fuzz_check(found.left_bytes > 0 && found.left_bytes <= 1ULL << 40);
	if (kt_view_read(view, va, data, sizeof(data)) == 0) {
		/* A read does not depend on what was remembered. */
		kt_view_forget(view);
		fuzz_check(kt_view_read(view, va, again, sizeof(again)) == 0);
		fuzz_check(memcmp(data, again, sizeof(data)) == 0);
	}
	if (kt_view_text(view, va, text, sizeof(text)) == 0)
		fuzz_check(strlen(text) < sizeof(text));
	if (kt_view_u8(view, va, &value) == 0)
		fuzz_check(r == 0);
	if (kt_view_u64(view, va, &word) == 0 &&
	    kt_view_unsigned(view, va, 8, &same) == 0)
		fuzz_check(word == same);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	uint8_t *ram = calloc(PAGES, PAGE);
	size_t way = fuzz_take8(&input) % KT_ARRAY_SIZE(ways);
	struct kt_memory_region regions[2];
	struct kt_guest_memory memory = { regions, 2, NULL };
	struct kt_paging paging = { .ops = ways[way].ops,
				    .va_bits = ways[way].va_bits };
	struct kt_view *view = malloc(sizeof(*view));
	uint8_t n_vas;

	fuzz_check(ram && view);
	make_memory(ram, regions);
	paging.root_gpa = RAM_GPA + (fuzz_take8(&input) & 15) * PAGE;
	if (fuzz_take8(&input) == 0xff)
		fuzz_take(&input, &paging.root_gpa, sizeof(paging.root_gpa));
	make_tables(&input, ram);
	kt_view_init(view, &memory, &paging);
	n_vas = fuzz_take8(&input) % VAS_MAX;
	for (uint8_t i = 0; i < n_vas; i++) {
		uint64_t va;

		fuzz_take(&input, &va, sizeof(va));
		check_va(view, va);
		check_va(view, va | UINT64_MAX << (paging.va_bits - 1));
	}
	free(view);
	free(ram);
	return 0;
}
