// SPDX-License-Identifier: GPL-2.0-only
#include "messages.h"

#include <stdlib.h>

#include "images.h"
#include "base/bytes.h"
#include "kernel/bzimage.h"

struct fixture {
	struct kt_strbuf elf;
	struct kt_strbuf image;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	test_make_elf(&f->elf);
	test_make_bzimage(KT_COMPRESSION_ZSTD, &f->elf, &f->image);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	kt_strbuf_deinit(&f->elf);
	kt_strbuf_deinit(&f->image);
	free(f);
	return 0;
}

/* Parses a copy that ends exactly where it should, for the sanitizer. */
static int parse(const struct kt_strbuf *image, size_t bytes,
		 struct ktstr_error *err)
{
	_cleanup_free_ uint8_t *tight = malloc(bytes ? bytes : 1);
	struct kt_bzimage ret;

	memcpy(tight, image->data, bytes);
	return kt_bzimage_parse(tight, bytes, &ret, err);
}

static void assert_refused(const struct kt_strbuf *image, int code,
			   const char *message)
{
	struct ktstr_error err = { 0 };

	assert_int_equal(parse(image, image->length, &err), code);
	assert_string_equal(err.message, message);
	message_seen(err.message);
}

static void the_header_is_read(void **state)
{
	struct fixture *f = *state;
	struct kt_bzimage image;

	assert_int_equal(kt_bzimage_parse((uint8_t *)f->image.data,
					  f->image.length, &image, NULL),
			 0);
	assert_int_equal(image.protocol, 0x20f);
	assert_int_equal(image.init_size, 64 << 10);
	assert_string_equal(image.release, TEST_RELEASE);
	assert_int_equal(image.compression, KT_COMPRESSION_ZSTD);
	assert_int_equal(image.unpacked_bytes, f->elf.length);
}

static void every_compression_unpacks_to_the_elf(void **state)
{
	struct fixture *f = *state;

	for (int c = KT_COMPRESSION_GZIP; c <= KT_COMPRESSION_ZSTD; c++) {
		_cleanup_strbuf_ struct kt_strbuf built = { 0 };
		_cleanup_free_ uint8_t *out = malloc(f->elf.length);
		struct ktstr_error err = { 0 };
		struct kt_bzimage image;

		test_make_bzimage((enum kt_compression)c, &f->elf, &built);
		if (kt_bzimage_parse((uint8_t *)built.data, built.length,
				     &image, &err) ||
		    kt_bzimage_unpack(&image, out, &err))
			fail_msg("%d: %s", c, err.message);
		assert_int_equal(image.unpacked_bytes, f->elf.length);
		assert_memory_equal(out, f->elf.data, f->elf.length);
	}
}

static void setup_sects_of_zero_means_four(void **state)
{
	struct fixture *f = *state;
	struct ktstr_error err;

	f->image.data[0x1f1] = 0;
	/* The code then begins three sectors later: too little is left. */
	assert_int_equal(parse(&f->image, f->image.length, &err), -EBADMSG);
	assert_contains(err.message, "truncated");
	message_seen(err.message);
	for (int i = 0; i < 3 * 512; i++)
		kt_strbuf_add_char(&f->image, '\0');
	assert_int_equal(parse(&f->image, f->image.length, NULL), 0);
}

static void a_signature_behind_the_code_is_fine(void **state)
{
	struct fixture *f = *state;

	kt_strbuf_add(&f->image, "signature");
	assert_int_equal(parse(&f->image, f->image.length, NULL), 0);
}

static void a_file_cut_off_anywhere_is_called_truncated(void **state)
{
	struct fixture *f = *state;

	for (size_t cut = 0x206; cut < f->image.length; cut += 7) {
		struct ktstr_error err = { 0 };

		assert_int_equal(parse(&f->image, cut, &err), -EBADMSG);
		assert_contains(err.message, "the kernel image is truncated: "
					     "it has ");
	}
}

static void an_unknown_compression_is_no_error_yet(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf built = { 0 };
	struct fixture *f = *state;
	struct kt_bzimage image;

	test_make_bzimage(KT_COMPRESSION_UNKNOWN, &f->elf, &built);
	assert_int_equal(kt_bzimage_parse((uint8_t *)built.data, built.length,
					  &image, NULL),
			 0);
	assert_int_equal(image.compression, KT_COMPRESSION_UNKNOWN);
}

static void a_32_bit_kernel_is_another_architecture(void **state)
{
	struct fixture *f = *state;

	test_put16(&f->image, 0x236, 0);
	assert_refused(&f->image, -ENOEXEC,
		       "a kernel for another architecture (32-bit x86); guests "
		       "here are x86-64");
}

static void an_old_boot_protocol_is_named(void **state)
{
	struct fixture *f = *state;

	test_put16(&f->image, 0x206, 0x0209);
	assert_refused(&f->image, -ENOEXEC,
		       "the kernel speaks boot protocol 2.09; 2.12 (Linux 3.8) "
		       "or newer is needed");
}

static void a_payload_outside_the_image_is_damage(void **state)
{
	static const uint32_t values[][2] = {
		{ 0xffffffff, 64 }, { 32, 0xffffffff },         { 32, 0 },
		{ 32, 7 },          { 0xfffffff0, 0xfffffff0 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < KT_ARRAY_SIZE(values); i++) {
		test_put32(&f->image, 0x248, values[i][0]);
		test_put32(&f->image, 0x24c, values[i][1]);
		assert_refused(&f->image, -EBADMSG,
			       "the kernel image's setup header is damaged: "
			       "its payload lies outside the image");
	}
}

static void a_payload_larger_than_init_size_is_damage(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf payload = { 0 }, built = { 0 };
	struct fixture *f = *state;

	test_compress(KT_COMPRESSION_XZ, f->elf.data, f->elf.length, &payload);
	kt_strbuf_add_bytes(&payload, "\xff\xff\xff\xff", 4);
	test_make_bzimage_around(&payload, 1 << 20, &built);
	assert_refused(&built, -EBADMSG,
		       "the kernel image is damaged: its payload unpacks to "
		       "4294967295 bytes by its own account, but init_size "
		       "leaves room for 1048576");
}

static void a_header_shorter_than_its_protocol_is_damage(void **state)
{
	struct fixture *f = *state;

	f->image.data[0x201] = 0x20;
	assert_refused(&f->image, -EBADMSG,
		       "the kernel image's setup header is damaged: it is "
		       "shorter than its protocol says");
}

static void a_version_text_outside_the_setup_code_is_damage(void **state)
{
	struct fixture *f = *state;

	test_put16(&f->image, 0x20e, 0xfff0);
	assert_refused(&f->image, -EBADMSG,
		       "the kernel image's setup header is damaged: its "
		       "version text lies outside the setup code");
	test_put16(&f->image, 0x20e, 0x300 - 0x200);
	memcpy(f->image.data + 0x300, "../../etc", 10);
	assert_refused(&f->image, -EBADMSG,
		       "the kernel image's setup header is damaged: its "
		       "version text is none");
}

static void an_image_without_a_version_text_has_an_empty_release(void **state)
{
	struct fixture *f = *state;
	struct kt_bzimage image;

	test_put16(&f->image, 0x20e, 0);
	assert_int_equal(kt_bzimage_parse((uint8_t *)f->image.data,
					  f->image.length, &image, NULL),
			 0);
	assert_string_equal(image.release, "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_header_is_read),
		TEST(every_compression_unpacks_to_the_elf),
		TEST(setup_sects_of_zero_means_four),
		TEST(a_signature_behind_the_code_is_fine),
		TEST(a_file_cut_off_anywhere_is_called_truncated),
		TEST(an_unknown_compression_is_no_error_yet),
		TEST(a_32_bit_kernel_is_another_architecture),
		TEST(an_old_boot_protocol_is_named),
		TEST(a_payload_outside_the_image_is_damage),
		TEST(a_payload_larger_than_init_size_is_damage),
		TEST(a_header_shorter_than_its_protocol_is_damage),
		TEST(a_version_text_outside_the_setup_code_is_damage),
		TEST(an_image_without_a_version_text_has_an_empty_release),
		messages_test("kernel_bzimage"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
