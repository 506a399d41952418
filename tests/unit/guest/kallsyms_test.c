// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "guest/kallsyms.h"
#include "guest/symbols.h"
#include "wire/payload.h"

static const char map[] = "ffffffff81000000 T _text\n"
			  "ffffffff82a1c000 d init_top_pgt\n"
			  "ffffffff82b00000 t scx_tasks\n"
			  "0000000000028000 A hidden_ok\n"
			  "0000000000000000 T unseen\n"
			  "ffffffffc0000010 t probe\t[virtio_mmio]\n"
			  "ffffffffc0000020 t _text\t[virtio_mmio]\n"
			  "garbage\n"
			  "\n"
			  "ffffffffc0000030 t last";

static uint64_t answer_of(const struct kt_kallsyms *ks, const char *name)
{
	struct kt_strbuf answer = {0};
	struct kt_payload payload;
	uint64_t found = UINT64_MAX;

	kt_kallsyms_answer(ks, &answer);
	assert_false(kt_strbuf_failed(&answer));
	payload =
		(struct kt_payload){(const uint8_t *)answer.data, answer.length};
	while (!kt_payload_at_end(&payload)) {
		uint64_t address;
		const char *at;

		assert_true(kt_payload_get_u64(&payload, &address));
		assert_true(kt_payload_get_string(&payload, &at));
		if (strcmp(at, name) == 0)
			found = address;
	}
	kt_strbuf_deinit(&answer);
	return found;
}

static struct kt_kallsyms *lookup(const char *names, size_t length,
				  const char *text, size_t step)
{
	struct kt_kallsyms *ks;
	size_t total = strlen(text);

	assert_int_equal(kt_kallsyms_create(names, length, &ks), 0);
	for (size_t at = 0; at < total; at += step)
		kt_kallsyms_feed(ks, text + at,
				 total - at < step ? total - at : step);
	kt_kallsyms_feed(ks, "\n", 1);
	return ks;
}

static void names_are_found_however_the_text_is_cut(void **state)
{
	static const char names[] = "scx_tasks\0_text\0last\0probe\0nothere";

	(void)state;
	for (size_t step = 1; step <= sizeof(map); step++) {
		struct kt_kallsyms *ks = lookup(names, sizeof(names), map, step);

		assert_true(answer_of(ks, "scx_tasks") == 0xffffffff82b00000);
		assert_true(answer_of(ks, "last") == 0xffffffffc0000030);
		assert_true(answer_of(ks, "probe") == 0xffffffffc0000010);
		assert_true(answer_of(ks, "nothere") == 0);
		kt_kallsyms_free(ks);
	}
}

static void the_kernels_own_symbol_wins_over_a_modules(void **state)
{
	struct kt_kallsyms *ks = lookup("_text", 6, map, 1000);

	(void)state;
	assert_true(answer_of(ks, "_text") == 0xffffffff81000000);
	kt_kallsyms_free(ks);
}

static void an_address_of_zero_is_not_one(void **state)
{
	struct kt_kallsyms *ks = lookup("unseen", 6, map, 1000);

	(void)state;
	assert_true(answer_of(ks, "unseen") == 0);
	kt_kallsyms_free(ks);
}

static void a_name_is_matched_whole(void **state)
{
	struct kt_kallsyms *ks = lookup("_tex\0_text2\0las", 16, map, 1000);

	(void)state;
	assert_true(answer_of(ks, "_tex") == 0);
	assert_true(answer_of(ks, "_text2") == 0);
	assert_true(answer_of(ks, "las") == 0);
	kt_kallsyms_free(ks);
}

static void swapper_pg_dir_is_answered_by_init_top_pgt(void **state)
{
	static const char real[] = "ffffffff82a1c000 d init_top_pgt\n"
				   "ffff800082a1c000 d swapper_pg_dir\n";
	struct kt_kallsyms *ks = lookup("swapper_pg_dir", 15, map, 1000);

	(void)state;
	assert_true(answer_of(ks, "swapper_pg_dir") == 0xffffffff82a1c000);
	assert_true(answer_of(ks, "init_top_pgt") == UINT64_MAX);
	kt_kallsyms_free(ks);

	ks = lookup("swapper_pg_dir\0init_top_pgt", 28, map, 1000);
	assert_true(answer_of(ks, "swapper_pg_dir") == 0xffffffff82a1c000);
	assert_true(answer_of(ks, "init_top_pgt") == 0xffffffff82a1c000);
	kt_kallsyms_free(ks);

	ks = lookup("swapper_pg_dir\0x", 17, real, 1000);
	assert_true(answer_of(ks, "swapper_pg_dir") == 0xffff800082a1c000);
	kt_kallsyms_free(ks);
}

static void the_search_ends_when_all_are_found(void **state)
{
	struct kt_kallsyms *ks;

	(void)state;
	assert_int_equal(kt_kallsyms_create("a\0b\0a", 6, &ks), 0);
	assert_false(kt_kallsyms_feed(ks, "10 T a\n", 7));
	assert_true(kt_kallsyms_feed(ks, "20 T b\n", 7));
	assert_true(answer_of(ks, "a") == 0x10);
	kt_kallsyms_free(ks);

	assert_int_equal(kt_kallsyms_create("swapper_pg_dir", 15, &ks), 0);
	assert_true(kt_kallsyms_feed(ks, "10 T init_top_pgt\n", 18));
	kt_kallsyms_free(ks);
}

static void an_endless_line_is_skipped(void **state)
{
	struct kt_kallsyms *ks;
	char line[700];

	(void)state;
	memset(line, 'a', sizeof(line));
	assert_int_equal(kt_kallsyms_create("good", 5, &ks), 0);
	for (int i = 0; i < 5; i++)
		kt_kallsyms_feed(ks, line, sizeof(line));
	assert_false(kt_kallsyms_feed(ks, " T good\n", 8));
	assert_true(kt_kallsyms_feed(ks, "30 T good\n", 10));
	assert_true(answer_of(ks, "good") == 0x30);
	kt_kallsyms_free(ks);
}

static void many_names_are_all_found(void **state)
{
	struct kt_strbuf names = {0}, text = {0};
	struct kt_kallsyms *ks;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		kt_strbuf_addf(&names, "symbol_%d", i);
		kt_strbuf_add_char(&names, '\0');
		kt_strbuf_addf(&text, "%016x T symbol_%d\n", i + 1, i);
	}
	assert_int_equal(kt_kallsyms_create(names.data, names.length, &ks), 0);
	assert_true(kt_kallsyms_feed(ks, text.data, text.length));
	assert_true(answer_of(ks, "symbol_2999") == 3000);
	kt_kallsyms_free(ks);
	kt_strbuf_deinit(&names);
	kt_strbuf_deinit(&text);
}

static void an_empty_name_is_refused(void **state)
{
	struct kt_kallsyms *ks = NULL;

	(void)state;
	assert_int_equal(kt_kallsyms_create("a\0\0b", 4, &ks), -EINVAL);
	assert_int_equal(kt_kallsyms_create("", 0, &ks), -EINVAL);
	assert_int_equal(kt_kallsyms_create("", 1, &ks), -EINVAL);
	assert_null(ks);
}

static void a_thread_looks_names_up_in_a_file(void **state)
{
	char path[] = "/tmp/ktstr-kallsyms-test.XXXXXX";
	struct kt_strbuf answer = {0};
	struct kt_symbols *symbols;
	struct pollfd poll_fd = {.events = POLLIN};
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(kt_write_all(fd, map, strlen(map)), 0);
	close(fd);
	assert_int_equal(kt_symbols_start(path, "last\0", 5, &symbols), 0);
	poll_fd.fd = kt_symbols_fd(symbols);
	assert_int_equal(poll(&poll_fd, 1, 10000), 1);
	assert_int_equal(kt_symbols_finish(symbols, &answer), 0);
	unlink(path);
	assert_int_equal(answer.length, 8 + 5);
	assert_memory_equal(answer.data,
			    "\x30\0\0\xc0\xff\xff\xff\xff"
			    "last",
			    13);
	kt_strbuf_deinit(&answer);
}

static void without_the_file_every_address_is_zero(void **state)
{
	struct kt_strbuf answer = {0};
	struct kt_symbols *symbols;

	(void)state;
	assert_int_equal(kt_symbols_start("/nowhere/kallsyms", "a", 2, &symbols),
			 0);
	assert_int_equal(kt_symbols_finish(symbols, &answer), -ENOENT);
	assert_int_equal(answer.length, 8 + 2);
	assert_memory_equal(answer.data, "\0\0\0\0\0\0\0\0a", 10);
	kt_strbuf_deinit(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found_however_the_text_is_cut),
		cmocka_unit_test(the_kernels_own_symbol_wins_over_a_modules),
		cmocka_unit_test(an_address_of_zero_is_not_one),
		cmocka_unit_test(a_name_is_matched_whole),
		cmocka_unit_test(swapper_pg_dir_is_answered_by_init_top_pgt),
		cmocka_unit_test(the_search_ends_when_all_are_found),
		cmocka_unit_test(an_endless_line_is_skipped),
		cmocka_unit_test(many_names_are_all_found),
		cmocka_unit_test(an_empty_name_is_refused),
		cmocka_unit_test(a_thread_looks_names_up_in_a_file),
		cmocka_unit_test(without_the_file_every_address_is_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
