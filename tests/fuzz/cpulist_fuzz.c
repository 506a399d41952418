// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists of CPUs. What is taken prints to a list that is taken for the same
 * set, and prints the same again; what is refused leaves the set alone.
 */
#include "base/cpulist.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_bitmap_ struct kt_bitmap first = { 0 }, second = { 0 };
	_cleanup_strbuf_ struct kt_strbuf printed = { 0 }, again = { 0 };
	_cleanup_free_ char *text = strndup((const char *)data, size);
	struct ktstr_error err = { 0 };
	size_t count = 0;

	fuzz_check(text);
	if (kt_cpulist_parse(text, &first, &err) < 0) {
		fuzz_check(err.message[0] && err.code == -EINVAL);
		fuzz_check(!first.words);
		return 0;
	}
	kt_bitmap_for_each (bit, &first) {
		fuzz_check(bit <= KT_CPULIST_MAX);
		fuzz_check(kt_bitmap_test(&first, bit));
		count++;
	}
	fuzz_check(count == kt_bitmap_count(&first));
	kt_cpulist_print(&printed, &first);
	fuzz_check(kt_cpulist_parse(kt_strbuf_text(&printed), &second, NULL) == 0);
	fuzz_check(kt_bitmap_equal(&first, &second));
	kt_cpulist_print(&again, &second);
	fuzz_check(strcmp(kt_strbuf_text(&printed), kt_strbuf_text(&again)) == 0);
	return 0;
}
