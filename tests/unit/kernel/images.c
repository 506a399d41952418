// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <bzlib.h>
#include <elf.h>
#include <lz4hc.h>
#include <lzma.h>
#include <lzo/lzo1x.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "base/fd.h"
#include "images.h"

#define ROOM_BYTES (1 << 20)

static void add_le16(struct kt_strbuf *out, uint16_t v)
{
	v = htole16(v);
	kt_strbuf_add_bytes(out, &v, sizeof(v));
}

static void add_le32(struct kt_strbuf *out, uint32_t v)
{
	v = htole32(v);
	kt_strbuf_add_bytes(out, &v, sizeof(v));
}

static void add_be16(struct kt_strbuf *out, uint16_t v)
{
	v = htobe16(v);
	kt_strbuf_add_bytes(out, &v, sizeof(v));
}

static void add_be32(struct kt_strbuf *out, uint32_t v)
{
	v = htobe32(v);
	kt_strbuf_add_bytes(out, &v, sizeof(v));
}

static void pad_to(struct kt_strbuf *out, size_t bytes)
{
	while (out->length < bytes)
		kt_strbuf_add_char(out, '\0');
}

void test_put16(struct kt_strbuf *out, size_t at, uint16_t value)
{
	assert_true(at + sizeof(value) <= out->length);
	value = htole16(value);
	memcpy(out->data + at, &value, sizeof(value));
}

void test_put32(struct kt_strbuf *out, size_t at, uint32_t value)
{
	assert_true(at + sizeof(value) <= out->length);
	value = htole32(value);
	memcpy(out->data + at, &value, sizeof(value));
}

void test_put64(struct kt_strbuf *out, size_t at, uint64_t value)
{
	assert_true(at + sizeof(value) <= out->length);
	value = htole64(value);
	memcpy(out->data + at, &value, sizeof(value));
}

void test_make_btf(struct kt_strbuf *out)
{
	add_le16(out, 0xeb9f);
	kt_strbuf_add_bytes(out, "\x01\x00", 2); /* version, flags */
	add_le32(out, 24);                       /* header */
	add_le32(out, 0);                        /* types: offset, length */
	add_le32(out, 0);
	add_le32(out, 0); /* strings: offset, length */
	add_le32(out, 5);
	kt_strbuf_add_bytes(out, "\0int\0", 5);
}

void test_make_elf(struct kt_strbuf *out)
{
	static const char names[] = "\0.BTF\0.shstrtab\0.init.data";
	static const char banner[] =
		"Linux version " TEST_RELEASE " (somebody) #1";
	static const char words[] = TEST_WORDS;
	_cleanup_strbuf_ struct kt_strbuf btf = {0};
	size_t text, rodata, btf_at, words_at, names_at;
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			    ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_entry = TEST_ELF_ENTRY,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 3,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = 4,
		.e_shstrndx = 2,
	};
	Elf64_Phdr segments[3] = {0};
	Elf64_Shdr sections[4] = {0};

	test_make_btf(&btf);
	text = sizeof(header) + sizeof(segments);
	rodata = text + 256;
	btf_at = rodata + sizeof(banner);
	words_at = btf_at + btf.length;
	names_at = words_at + sizeof(words);
	header.e_shoff = names_at + sizeof(names);

	/* Out of order on purpose: the file's order is by virtual address. */
	segments[0] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_offset = rodata,
		.p_vaddr = 0xffffffff81002000,
		.p_paddr = TEST_LOAD_GPA + 0x2000,
		.p_filesz = names_at - rodata,
		.p_memsz = 0x3000,
	};
	segments[1] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_offset = text,
		.p_vaddr = 0xffffffff81000000,
		.p_paddr = TEST_LOAD_GPA,
		.p_filesz = 256,
		.p_memsz = 256,
	};
	segments[2] = (Elf64_Phdr){
		.p_type = PT_NOTE,
		.p_offset = rodata,
	};
	sections[1] = (Elf64_Shdr){
		.sh_name = 1,
		.sh_type = SHT_PROGBITS,
		.sh_offset = btf_at,
		.sh_size = btf.length,
	};
	sections[2] = (Elf64_Shdr){
		.sh_name = 6,
		.sh_type = SHT_STRTAB,
		.sh_offset = names_at,
		.sh_size = sizeof(names),
	};
	sections[3] = (Elf64_Shdr){
		.sh_name = 16,
		.sh_type = SHT_PROGBITS,
		.sh_offset = words_at,
		.sh_size = sizeof(words),
	};
	kt_strbuf_add_bytes(out, &header, sizeof(header));
	kt_strbuf_add_bytes(out, segments, sizeof(segments));
	for (int i = 0; i < 256; i++)
		kt_strbuf_add_char(out, (char)(i * 7));
	kt_strbuf_add_bytes(out, banner, sizeof(banner));
	kt_strbuf_add_bytes(out, btf.data, btf.length);
	kt_strbuf_add_bytes(out, words, sizeof(words));
	kt_strbuf_add_bytes(out, names, sizeof(names));
	kt_strbuf_add_bytes(out, sections, sizeof(sections));
}

static size_t compress_gzip(const void *data, size_t bytes, void *room)
{
	z_stream z = {.next_in = (Bytef *)data,
		      .avail_in = (uInt)bytes,
		      .next_out = room,
		      .avail_out = ROOM_BYTES};

	assert_int_equal(
		deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
		Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(deflateEnd(&z), Z_OK);
	return ROOM_BYTES - z.avail_out;
}

static size_t compress_lzma(bool xz, const void *data, size_t bytes, void *room)
{
	lzma_options_lzma lzma2;
	lzma_filter filters[] = {
		{.id = LZMA_FILTER_X86},
		{.id = LZMA_FILTER_LZMA2, .options = &lzma2},
		{.id = LZMA_VLI_UNKNOWN},
	};
	lzma_stream lz = LZMA_STREAM_INIT;

	assert_false(lzma_lzma_preset(&lzma2, 6));
	/* As the kernel's scripts/xz_wrap.sh: x86 filter and CRC32. */
	assert_int_equal(xz ? lzma_stream_encoder(&lz, filters, LZMA_CHECK_CRC32)
			    : lzma_alone_encoder(&lz, &lzma2),
			 LZMA_OK);
	lz.next_in = data;
	lz.avail_in = bytes;
	lz.next_out = room;
	lz.avail_out = ROOM_BYTES;
	assert_int_equal(lzma_code(&lz, LZMA_FINISH), LZMA_STREAM_END);
	lzma_end(&lz);
	return ROOM_BYTES - lz.avail_out;
}

/* One block, compressed where that makes it shorter, as lzop writes it. */
static void lzop_block(const void *data, size_t bytes, uint8_t *room,
		       struct kt_strbuf *out)
{
	void *work = malloc(LZO1X_1_MEM_COMPRESS);
	lzo_uint n = ROOM_BYTES;

	assert_int_equal(lzo1x_1_compress(data, bytes, room, &n, work), LZO_E_OK);
	free(work);
	if (n > bytes)
		n = bytes;
	add_be32(out, (uint32_t)bytes);
	add_be32(out, (uint32_t)n);
	add_be32(out, (uint32_t)adler32(1, data, (uInt)bytes));
	if (n < bytes)
		add_be32(out, (uint32_t)crc32(0, room, (uInt)n));
	kt_strbuf_add_bytes(out, n < bytes ? room : data, n);
}

static void compress_lzop(const uint8_t *data, size_t bytes, uint8_t *room,
			  struct kt_strbuf *out)
{
	size_t half = bytes / 2, stored = KT_MIN(bytes - half, 3u);

	kt_strbuf_add_bytes(out, "\x89LZO\0\r\n\x1a\n", 9);
	add_be16(out, 0x1040); /* version, library, needed */
	add_be16(out, 0x2080);
	add_be16(out, 0x0940);
	kt_strbuf_add_bytes(out, "\x03\x09", 2); /* method, level */
	add_be32(out, 0x00000001 | 0x00000200);  /* Adler plain, CRC packed */
	add_be32(out, 0100644);                  /* mode, mtime, mtime_high */
	add_be32(out, 0);
	add_be32(out, 0);
	kt_strbuf_add_bytes(out, "\x02vm", 3);
	add_be32(out, 0); /* header checksum: not looked at */
	lzop_block(data, half, room, out);
	lzop_block(data + half, stored, room, out); /* too short to shrink */
	if (bytes > half + stored)
		lzop_block(data + half + stored, bytes - half - stored, room,
			   out);
	add_be32(out, 0);
}

static void lz4_block(const char *data, size_t bytes, char *room,
		      struct kt_strbuf *out)
{
	int n = LZ4_compress_HC(data, room, (int)bytes, ROOM_BYTES, 9);

	assert_true(n > 0);
	add_le32(out, (uint32_t)n);
	kt_strbuf_add_bytes(out, room, (size_t)n);
}

void test_compress(enum kt_compression compression, const void *data,
		   size_t bytes, struct kt_strbuf *out)
{
	_cleanup_free_ void *room = malloc(ROOM_BYTES);
	unsigned int n = ROOM_BYTES;
	size_t length = 0;

	assert_non_null(room);
	switch (compression) {
	case KT_COMPRESSION_GZIP:
		length = compress_gzip(data, bytes, room);
		break;
	case KT_COMPRESSION_BZIP2:
		assert_int_equal(BZ2_bzBuffToBuffCompress(room, &n, (char *)data,
							  (unsigned int)bytes,
							  9, 0, 0),
				 BZ_OK);
		length = n;
		break;
	case KT_COMPRESSION_LZMA:
	case KT_COMPRESSION_XZ:
		length = compress_lzma(compression == KT_COMPRESSION_XZ, data,
				       bytes, room);
		break;
	case KT_COMPRESSION_LZO:
		compress_lzop(data, bytes, room, out);
		break;
	case KT_COMPRESSION_LZ4:
		add_le32(out, 0x184c2102);
		lz4_block(data, bytes, room, out);
		break;
	case KT_COMPRESSION_ZSTD:
		length = ZSTD_compress(room, ROOM_BYTES, data, bytes, 19);
		assert_false(ZSTD_isError(length));
		break;
	case KT_COMPRESSION_UNKNOWN:
		kt_strbuf_add_bytes(out, "????", 4);
		kt_strbuf_add_bytes(out, data, bytes);
		break;
	}
	kt_strbuf_add_bytes(out, room, length);
	assert_false(kt_strbuf_failed(out));
}

void test_make_bzimage_around(const struct kt_strbuf *payload,
			      uint32_t init_size, struct kt_strbuf *out)
{
	static const char version[] = TEST_RELEASE " (somebody) #1 SMP";
	size_t setup = 2 * 512, offset = 32;
	size_t code = KT_ALIGN_UP(offset + payload->length, 16);

	pad_to(out, setup);
	out->data[0x1f1] = 1; /* setup_sects */
	test_put32(out, 0x1f4, (uint32_t)(code / 16));
	test_put16(out, 0x1fe, 0xaa55);
	out->data[0x201] = 0x6a;
	memcpy(out->data + 0x202, "HdrS", 4);
	test_put16(out, 0x206, 0x020f);
	test_put16(out, 0x20e, 0x300 - 0x200);
	memcpy(out->data + 0x300, version, sizeof(version));
	test_put16(out, 0x236, 0x0001); /* XLF_KERNEL_64 */
	test_put32(out, 0x248, (uint32_t)offset);
	test_put32(out, 0x24c, (uint32_t)payload->length);
	test_put32(out, 0x260, init_size);
	pad_to(out, setup + offset);
	kt_strbuf_add_bytes(out, payload->data, payload->length);
	pad_to(out, setup + code);
	assert_false(kt_strbuf_failed(out));
}

void test_make_bzimage(enum kt_compression compression,
		       const struct kt_strbuf *elf, struct kt_strbuf *out)
{
	_cleanup_strbuf_ struct kt_strbuf payload = {0};

	test_compress(compression, elf->data, elf->length, &payload);
	/* gzip ends in the size by itself. */
	if (compression != KT_COMPRESSION_GZIP)
		add_le32(&payload, (uint32_t)elf->length);
	test_make_bzimage_around(&payload, 64 << 10, out);
}

char *test_make_directory(void)
{
	const char *base = getenv("TMPDIR");
	char *path = kt_path_join(base && *base ? base : "/tmp",
				  "ktstr-kernel-test-XXXXXX");

	assert_non_null(path);
	assert_non_null(mkdtemp(path));
	return path;
}

void test_remove_directory(char *path)
{
	assert_int_equal(kt_remove_tree(path), 0);
	free(path);
}

char *test_write(const char *directory, const char *name, const void *data,
		 size_t bytes)
{
	char *path = kt_path_join(directory, name);
	char *slash;

	assert_non_null(path);
	slash = strrchr(path, '/');
	*slash = '\0';
	assert_int_equal(kt_mkdir_p(path, 0755), 0);
	*slash = '/';
	assert_int_equal(kt_write_file_atomic(path, data, bytes, 0644), 0);
	return path;
}
