// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may include whom: the rules of the architecture, held against every
 * file below src/. A room is a folder there.
 */
#include "test.h"

#include <fcntl.h>
#include <fts.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/macro.h"
#include "base/strbuf.h"

struct room {
	const char *name;
	/* Rooms whose headers it may include, beside its own, by blanks. */
	const char *rooms;
	/* Headers in <> that only some rooms may include; see `guarded`. */
	const char *headers;
};

static const struct room rooms[] = {
	{ "base", "", "" },
	{ "wire", "base", "" },
	{ "topology", "base", "ktstr/topology.h" },
	{ "memory", "base", "" },
	{ "host", "base topology", "hwloc.h" },
	{ "kernel", "base",
	  "elf.h gelf.h libelf.h lzma.h zlib.h zstd.h lz4frame.h bzlib.h "
	  "lz4.h lzo/ xxhash.h jansson.h" },
	{ "initramfs", "base wire kernel",
	  "archive.h archive_entry.h elf.h gelf.h libelf.h xxhash.h zstd.h" },
	/* Guest memory and an interrupt line, never KVM itself. */
	{ "device", "base wire memory disk", "" },
	/* What a disk is, whoever shows it to a guest. */
	{ "disk", "base", "" },
	/* Memory, symbols and types, wherever they come from: no VMM. */
	{ "monitor", "base memory", "bpf/ elf.h jansson.h" },
	{ "vmm",
	  "base wire topology memory host kernel initramfs disk device "
	  "monitor",
	  "linux/kvm.h elf.h jansson.h ktstr/vm.h ktstr/topology.h" },
	/* A device, to serve the machine's files; no VMM. */
	{ "nest", "base memory device kernel initramfs", "linux/kvm.h xxhash.h" },
	/* Boots tests by the public interface alone. */
	{ "runner", "base wire topology kernel",
	  "elf.h jansson.h ktstr/test.h ktstr/vm.h ktstr/topology.h" },
	/* The other side: libc and jansson, and the wire between the two. */
	{ "guest", "base wire", "jansson.h ktstr/test.h" },
	{ "check", "base", "jansson.h" },
	{ "cgroup", "base", "" },
	{ "workload", "base", "" },
	/* What happens in a test, which here can be started without a guest. */
	{ "scenario", "base wire cgroup workload check guest",
	  "jansson.h ktstr/test.h" },
	{ "cli", "base topology host kernel initramfs monitor nest runner",
	  "jansson.h ktstr/vm.h ktstr/topology.h" },
};

/*
 * Headers that bind a room to a library, to KVM, or to the public interface;
 * an entry that ends in a slash stands for all below it.
 */
static const char *const guarded[] = {
	"archive.h",  "archive_entry.h", "bpf/",
	"bzlib.h",
	"elf.h",      "gelf.h",          "hwloc.h",
	"jansson.h",  "ktstr/test.h",    "ktstr/topology.h",
	"ktstr/vm.h", "libelf.h",        "linux/kvm.h",
	"lz4.h",      "lz4frame.h",      "lzma.h",
	"lzo/",       "xxhash.h",        "zlib.h",
	"zstd.h",
};

/* Rooms of the guest's side. */
static const char guest_rooms[] = "guest check cgroup workload scenario";

/* What base takes along into the guest; the rest of it is the host's. */
static const char guest_base[] =
	"bitmap.h cleanup.h cpulist.h error.h fd.h log.h macro.h strbuf.h";

static bool matches(const char *entry, const char *name, size_t length)
{
	size_t n = strlen(entry);

	if (entry[n - 1] == '/')
		return length > n && strncmp(entry, name, n) == 0;
	return length == n && strncmp(entry, name, n) == 0;
}

/* Whether `name` is one of the words of `list`. */
static bool lists(const char *list, const char *name, size_t length)
{
	char word[64];

	while (*list) {
		size_t n = strcspn(list, " ");

		assert_true(n < sizeof(word));
		memcpy(word, list, n);
		word[n] = '\0';
		if (n > 0 && matches(word, name, length))
			return true;
		list += n;
		list += strspn(list, " ");
	}
	return false;
}

static const struct room *find_room(const char *path)
{
	size_t length = strcspn(path, "/");

	for (size_t i = 0; i < KT_ARRAY_SIZE(rooms); i++) {
		if (strlen(rooms[i].name) == length &&
		    strncmp(rooms[i].name, path, length) == 0)
			return &rooms[i];
	}
	return NULL;
}

/* Why "ROOM/..." may not be included, or NULL. */
static const char *judge_own(const struct room *room, const char *name,
			     size_t length)
{
	const char *slash = memchr(name, '/', length);
	size_t n = slash ? (size_t)(slash - name) : 0;

	if (!slash)
		return "is not written from src/";
	if (strlen(room->name) == n && strncmp(room->name, name, n) == 0)
		return NULL;
	if (!lists(room->rooms, name, n))
		return "is a room that this one must not know";
	if (lists(guest_rooms, room->name, strlen(room->name)) &&
	    strncmp(name, "base/", 5) == 0 &&
	    !lists(guest_base, name + 5, length - 5))
		return "is a part of base that only the host has";
	return NULL;
}

static const char *judge_system(const struct room *room, const char *name,
				size_t length)
{
	for (size_t i = 0; i < KT_ARRAY_SIZE(guarded); i++) {
		if (matches(guarded[i], name, length) &&
		    !lists(room->headers, name, length))
			return "is a header that this room must do without";
	}
	return NULL;
}

/* Judges one line of a file, "src/ROOM/..."; appends what is wrong. */
static void judge_line(const struct room *room, const char *path,
		       const char *line, struct kt_strbuf *violations)
{
	const char *name, *why;
	size_t length;
	char close;

	line += strspn(line, " \t");
	if (*line++ != '#')
		return;
	line += strspn(line, " \t");
	if (strncmp(line, "include", 7) != 0)
		return;
	line += 7;
	line += strspn(line, " \t");
	if (*line != '"' && *line != '<')
		return;
	close = *line == '"' ? '"' : '>';
	name = line + 1;
	length = strcspn(name, close == '"' ? "\"\n" : ">\n");
	if (name[length] != close)
		return;
	why = close == '"' ? judge_own(room, name, length) :
			     judge_system(room, name, length);
	if (why)
		kt_strbuf_addf(violations, "%s: %.*s %s\n", path, (int)length,
			       name, why);
}

static void judge_file(const char *root, const char *path,
		       struct kt_strbuf *violations)
{
	const char *relative = path + strlen(root) + 1;
	const struct room *room = find_room(relative);
	_cleanup_free_ char *text = NULL;

	if (!room) {
		kt_strbuf_addf(violations, "%s: its room has no rules\n",
			       relative);
		return;
	}
	if (kt_read_file(path, 1 << 20, &text, NULL) < 0)
		fail_msg("%s cannot be read", path);
	for (const char *line = text; line;) {
		judge_line(room, relative, line, violations);
		line = strchr(line, '\n');
		line += line != NULL;
	}
}

static bool is_source(const char *name)
{
	size_t n = strlen(name);

	return n > 2 && name[n - 2] == '.' &&
	       (name[n - 1] == 'c' || name[n - 1] == 'h');
}

/* Returns the number of files judged. */
static int judge_tree(const char *root, struct kt_strbuf *violations)
{
	char *const tops[] = { (char *)root, NULL };
	FTS *fts = fts_open(tops, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	const FTSENT *entry;
	int files = 0;

	assert_non_null(fts);
	while ((entry = fts_read(fts))) {
		if (entry->fts_info != FTS_F || !is_source(entry->fts_name))
			continue;
		judge_file(root, entry->fts_path, violations);
		files++;
	}
	fts_close(fts);
	assert_false(kt_strbuf_failed(violations));
	return files;
}

static void the_tree_keeps_to_the_rules(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf violations = { 0 };
	int files = judge_tree(KTSTR_SOURCE_ROOT "/src", &violations);

	(void)state;
	assert_true(files > 100);
	if (violations.length)
		fail_msg("includes against the architecture:\n%s",
			 violations.data);
}

/* What a file of that path and line would be told. */
static void plant(const char *path, const char *line, const char *expected)
{
	char root[] = "/tmp/ktstr-include-rules-XXXXXX";
	_cleanup_strbuf_ struct kt_strbuf violations = { 0 };
	_cleanup_free_ char *file = NULL, *directory = NULL;

	assert_non_null(mkdtemp(root));
	file = kt_path_join(root, path);
	directory = strdup(file);
	assert_non_null(directory);
	*strrchr(directory, '/') = '\0';
	assert_int_equal(kt_mkdir_p(directory, 0700), 0);
	assert_int_equal(kt_write_file_atomic(file, line, strlen(line), 0600), 0);
	assert_int_equal(judge_tree(root, &violations), 1);
	assert_int_equal(kt_remove_tree(root), 0);
	assert_string_equal(kt_strbuf_text(&violations), expected);
}

static void a_planted_violation_is_found(void **state)
{
	(void)state;
	plant("base/x.c", "#include \"wire/frame.h\"\n",
	      "base/x.c: wire/frame.h is a room that this one must not know\n");
	plant("device/virtio/x.h", "int a;\n#include <linux/kvm.h>\n",
	      "device/virtio/x.h: linux/kvm.h is a header that this room must "
	      "do without\n");
	plant("guest/x.c", "#include \"vmm/vm.h\"",
	      "guest/x.c: vmm/vm.h is a room that this one must not know\n");
	plant("guest/x.c", "#include \"base/suggest.h\"\n",
	      "guest/x.c: base/suggest.h is a part of base that only the host "
	      "has\n");
	plant("check/x.c", "#include \"base/suggest.h\"\n",
	      "check/x.c: base/suggest.h is a part of base that only the host "
	      "has\n");
	plant("check/x.c", "#include \"host/host_topology.h\"\n",
	      "check/x.c: host/host_topology.h is a room that this one must "
	      "not know\n");
	plant("guest/x.c", "# include <ktstr/vm.h>\n",
	      "guest/x.c: ktstr/vm.h is a header that this room must do "
	      "without\n");
	plant("topology/x.c", "#include\t<hwloc.h>\n",
	      "topology/x.c: hwloc.h is a header that this room must do "
	      "without\n");
	plant("vmm/x.c", "#include \"config.h\"\n",
	      "vmm/x.c: config.h is not written from src/\n");
	plant("cellar/x.c", "int a;\n", "cellar/x.c: its room has no rules\n");
}

static void what_is_allowed_is_not_found(void **state)
{
	(void)state;
	plant("base/x.c", "#include \"base/fd.h\"\n#include <stdio.h>\n", "");
	plant("vmm/x86_64/x.c",
	      "#include <linux/kvm.h>\n#include \"vmm/vm.h\"\n"
	      "#include \"device/device.h\"\n#include <ktstr/vm.h>\n",
	      "");
	plant("guest/x.c",
	      "#include \"wire/frame.h\"\n#include \"base/strbuf.h\"\n", "");
	plant("base/x.c", "/* #include \"wire/frame.h\" */\n", "");
	plant("base/x.c", "const char *a = \"#include\";\n", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tree_keeps_to_the_rules),
		cmocka_unit_test(a_planted_violation_is_found),
		cmocka_unit_test(what_is_allowed_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
