// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>

#include "base/macro.h"
#include "made_up_guest.h"
#include "monitor/view.h"

#define VA 0xffff888000000000ULL

/* Three pages in a row, the second and the third swapped in RAM, then none. */
static int set_up(void **state)
{
	static struct made_up_guest guest;

	made_up_guest_init(&guest, &kt_paging_x86_64, 48);
	made_up_guest_map(&guest, VA, GUEST_RAM_GPA, 0);
	made_up_guest_map(&guest, VA + 0x1000, GUEST_RAM_GPA + 0x2000, 0);
	made_up_guest_map(&guest, VA + 0x2000, GUEST_RAM_GPA + 0x1000, 0);
	for (size_t i = 0; i < 0x3000; i++)
		guest.region.hva[i] = (uint8_t)(i / 0x1000 * 0x10 + i % 13);
	*state = &guest;
	return 0;
}

static int tear_down(void **state)
{
	made_up_guest_deinit(*state);
	return 0;
}

static void bytes_are_read_across_pages(void **state)
{
	struct made_up_guest *guest = *state;
	struct kt_view view;
	uint8_t data[0x2003];

	kt_view_init(&view, &guest->memory, &guest->paging);
	assert_int_equal(kt_view_read(&view, VA + 0xffd, data, sizeof(data)), 0);
	assert_memory_equal(data, guest->region.hva + 0xffd, 3);
	assert_memory_equal(data + 3, guest->region.hva + 0x2000, 0x1000);
	assert_memory_equal(data + 0x1003, guest->region.hva + 0x1000, 0x1000);
	assert_int_equal(kt_view_read(&view, VA + 0x2fff, data, 2), -EFAULT);
	assert_int_equal(kt_view_read(&view, VA - 1, data, 2), -EFAULT);
	assert_int_equal(kt_view_read(&view, UINT64_MAX, data, 2), -EFAULT);
	assert_int_equal(kt_view_read(&view, 0, data, 1), -EFAULT);
	assert_int_equal(kt_view_read(&view, 0, data, 0), 0);
}

static void bytes_are_written_where_they_are_read(void **state)
{
	struct made_up_guest *guest = *state;
	uint64_t value = 0x1122334455667788, back = 0;
	struct kt_view view;

	kt_view_init(&view, &guest->memory, &guest->paging);
	for (uint64_t at = VA + 0xff0; at < VA + 0x1010; at++) {
		assert_int_equal(kt_view_write(&view, at, &value, sizeof(value)),
				 0);
		assert_int_equal(kt_view_u64(&view, at, &back), 0);
		assert_true(back == value);
	}
	assert_int_equal(kt_view_write(&view, VA + 0x2ffc, &value, sizeof(value)),
			 -EFAULT);
}

static void integers_are_of_any_size(void **state)
{
	struct made_up_guest *guest = *state;
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct kt_view view;
	uint64_t value;
	uint32_t word;
	uint8_t byte;

	kt_view_init(&view, &guest->memory, &guest->paging);
	memcpy(guest->region.hva + 16, bytes, sizeof(bytes));
	assert_int_equal(kt_view_unsigned(&view, VA + 16, 1, &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(kt_view_unsigned(&view, VA + 16, 2, &value), 0);
	assert_int_equal(value, 0x201);
	assert_int_equal(kt_view_unsigned(&view, VA + 16, 4, &value), 0);
	assert_int_equal(value, 0x4030201);
	assert_int_equal(kt_view_unsigned(&view, VA + 16, 8, &value), 0);
	assert_true(value == 0x807060504030201);
	assert_int_equal(kt_view_unsigned(&view, VA + 16, 3, &value), -EINVAL);
	assert_int_equal(kt_view_unsigned(&view, VA + 16, 16, &value), -EINVAL);
	assert_int_equal(kt_view_u32(&view, VA + 20, &word), 0);
	assert_int_equal(word, 0x8070605);
	assert_int_equal(kt_view_u8(&view, VA + 23, &byte), 0);
	assert_int_equal(byte, 8);
	word = byte = 77;
	assert_int_equal(kt_view_u32(&view, VA + 0x4000, &word), -EFAULT);
	assert_int_equal(kt_view_u8(&view, VA + 0x4000, &byte), -EFAULT);
	assert_int_equal(word, 77);
	assert_int_equal(byte, 77);
}

static void a_translation_is_remembered_until_it_is_forgotten(void **state)
{
	struct made_up_guest *guest = *state;
	struct kt_view view;
	uint8_t byte;

	kt_view_init(&view, &guest->memory, &guest->paging);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(kt_view_u8(&view, VA + i, &byte), 0);
	assert_int_equal(view.n_walks, 1);
	assert_int_equal(byte, guest->region.hva[99]);
	made_up_guest_map(guest, VA, GUEST_RAM_GPA + 0x1000, 0);
	kt_view_forget(&view);
	assert_int_equal(kt_view_u8(&view, VA + 99, &byte), 0);
	assert_int_equal(byte, guest->region.hva[0x1000 + 99]);
	assert_int_equal(view.n_walks, 2);
}

/* What a stale one leads to may be no RAM, which is found at each read. */
static void a_translation_out_of_ram_is_refused(void **state)
{
	struct made_up_guest *guest = *state;
	struct kt_view view;
	uint8_t byte;

	made_up_guest_map(guest, VA + 0x5000, 0x200000000, 0);
	kt_view_init(&view, &guest->memory, &guest->paging);
	assert_int_equal(kt_view_u8(&view, VA + 0x5000, &byte), -EFAULT);
	assert_int_equal(kt_view_u8(&view, VA + 0x5000, &byte), -EFAULT);
}

static void text_ends_at_its_nul_or_where_memory_does(void **state)
{
	struct made_up_guest *guest = *state;
	struct kt_view view;
	char text[16];

	kt_view_init(&view, &guest->memory, &guest->paging);
	strcpy((char *)guest->region.hva + 0x20, "kworker/0:1");
	assert_int_equal(kt_view_text(&view, VA + 0x20, text, sizeof(text)), 0);
	assert_string_equal(text, "kworker/0:1");
	assert_int_equal(kt_view_text(&view, VA + 0x20, text, 5), 0);
	assert_string_equal(text, "kwor");
	strcpy((char *)guest->region.hva + 0x20, "a\tb\xff"
						 "c\x1b[0m");
	assert_int_equal(kt_view_text(&view, VA + 0x20, text, sizeof(text)), 0);
	assert_string_equal(text, "a?b?c?[0m");
	/* The last bytes of the last page, with no NUL behind them. */
	memcpy(guest->region.hva + 0x1ffd, "end", 3);
	assert_int_equal(kt_view_text(&view, VA + 0x2ffd, text, sizeof(text)), 0);
	assert_string_equal(text, "end");
	assert_int_equal(kt_view_text(&view, VA + 0x3000, text, sizeof(text)),
			 -EFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, set_up, tear_down)
		TEST(bytes_are_read_across_pages),
		TEST(bytes_are_written_where_they_are_read),
		TEST(integers_are_of_any_size),
		TEST(a_translation_is_remembered_until_it_is_forgotten),
		TEST(a_translation_out_of_ram_is_refused),
		TEST(text_ends_at_its_nul_or_where_memory_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
