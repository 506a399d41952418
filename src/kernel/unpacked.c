// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <xxhash.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "kernel/cache.h"
#include "kernel/unpacked.h"

#define TRAILER_MAGIC   "ktstrE02"
#define LOCK_TIMEOUT_MS 60000

/* What is zero and shorter costs a loader more to find than to read. */
#define HOLE_BYTES KT_MIB

struct trailer {
	char magic[8];
	uint64_t elf_bytes;
	int64_t mtime_s;
	int64_t mtime_ns;
	XXH128_hash_t content;
	uint64_t sum; /* XXH3-64 of the members above */
};

static uint64_t trailer_sum(const struct trailer *trailer)
{
	return XXH3_64bits(trailer, offsetof(struct trailer, sum));
}

void kt_unpacked_deinit(struct kt_unpacked *unpacked)
{
	if (unpacked->map)
		munmap(unpacked->map, unpacked->map_bytes);
	unpacked->map = NULL;
	unpacked->fd = kt_close(unpacked->fd);
}

void kt_image_hash(const uint8_t *data, size_t bytes,
		   char ret[static KT_IMAGE_HASH_BYTES])
{
	XXH128_hash_t hash = XXH3_128bits(data, bytes);

	snprintf(ret, KT_IMAGE_HASH_BYTES, "%016llx%016llx",
		 (unsigned long long)hash.high64, (unsigned long long)hash.low64);
}

/* Takes over the descriptor, also on failure. */
static int map_file(int fd, size_t map_bytes, size_t elf_bytes,
		    struct kt_unpacked *ret)
{
	void *map = mmap(NULL, map_bytes, PROT_READ, MAP_PRIVATE, fd, 0);

	if (map == MAP_FAILED) {
		int r = -errno;

		kt_close(fd);
		return r;
	}
	*ret = (struct kt_unpacked){
		.fd = fd,
		.map = map,
		.map_bytes = map_bytes,
		.elf_bytes = elf_bytes,
	};
	return 0;
}

/* Whether a cached file is what its trailer says. */
static bool trustworthy(const struct kt_unpacked *entry, const struct stat *st)
{
	struct trailer trailer;
	XXH128_hash_t content;

	memcpy(&trailer, entry->map + entry->elf_bytes, sizeof(trailer));
	if (memcmp(trailer.magic, TRAILER_MAGIC, sizeof(trailer.magic)) ||
	    trailer.sum != trailer_sum(&trailer) ||
	    trailer.elf_bytes != entry->elf_bytes)
		return false;
	if (trailer.mtime_s == st->st_mtim.tv_sec &&
	    trailer.mtime_ns == st->st_mtim.tv_nsec)
		return true;
	content = XXH3_128bits(entry->map, entry->elf_bytes);
	return XXH128_isEqual(content, trailer.content);
}

/* -ENOENT: not there, or not to be trusted. */
static int open_cached(const char *path, size_t elf_bytes, struct kt_unpacked *ret)
{
	size_t wanted = elf_bytes + sizeof(struct trailer);
	struct kt_unpacked entry;
	struct stat st;
	int fd, r;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -ENOENT;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (uint64_t)st.st_size != wanted) {
		kt_close(fd);
		return -ENOENT;
	}
	r = map_file(fd, wanted, elf_bytes, &entry);
	if (r)
		return r;
	if (!trustworthy(&entry, &st)) {
		kt_unpacked_deinit(&entry);
		return -ENOENT;
	}
	*ret = entry;
	return 0;
}

/*
 * A file without a name vanishes with the process that writes it. Where the
 * file system has none, a named one serves, which `clean` sweeps up.
 */
static int open_nameless(const char *directory, char **ret_temporary)
{
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0444);

	*ret_temporary = NULL;
	if (fd >= 0)
		return fd;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)
		return -errno;
	if (asprintf(ret_temporary, "%s/.new-XXXXXX", directory) < 0) {
		*ret_temporary = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(*ret_temporary, O_CLOEXEC);
	if (fd >= 0)
		return fd;
	fd = -errno;
	free(TAKE_PTR(*ret_temporary));
	return fd;
}

static bool is_zero(const uint8_t *data, size_t bytes)
{
	return !*data && !memcmp(data, data + 1, bytes - 1);
}

/*
 * Leaves holes where the ELF has nothing but zeros, one at the end outside of
 * the file so far.
 */
static int write_elf(int fd, const uint8_t *elf, size_t elf_bytes)
{
	int r = 0;

	for (size_t at = 0; !r && at < elf_bytes; at += HOLE_BYTES) {
		size_t n = KT_MIN((size_t)HOLE_BYTES, elf_bytes - at);

		if (!is_zero(elf + at, n))
			r = kt_write_all(fd, elf + at, n);
		else if (lseek(fd, (off_t)n, SEEK_CUR) < 0)
			r = -errno;
	}
	return r;
}

static int write_entry(int fd, const uint8_t *elf, size_t elf_bytes)
{
	struct timespec times[2];
	struct trailer trailer = {
		.magic = TRAILER_MAGIC,
		.elf_bytes = elf_bytes,
		.content = XXH3_128bits(elf, elf_bytes),
	};
	int r;

	/* Whole seconds: some file systems keep no more. */
	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_nsec = 0;
	times[1] = times[0];
	trailer.mtime_s = times[1].tv_sec;
	trailer.sum = trailer_sum(&trailer);
	r = write_elf(fd, elf, elf_bytes);
	if (!r)
		r = kt_write_all(fd, &trailer, sizeof(trailer));
	/* On disk before it has a name and a stamp to be trusted by. */
	if (!r && fdatasync(fd) < 0)
		r = -errno;
	if (!r && (fchmod(fd, 0444) < 0 || futimens(fd, times) < 0))
		r = -errno;
	return r;
}

/* Gives the file its name, in place of a broken one if need be. */
static int publish(int fd, const char *temporary, const char *path)
{
	char self[64];

	if (temporary)
		return rename(temporary, path) < 0 ? -errno : 0;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	return linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) < 0
		       ? -errno
		       : 0;
}

/* Puts the kernel into the cache and opens it there. */
static int store(const char *directory, const char *path, const uint8_t *elf,
		 size_t elf_bytes, struct kt_unpacked *ret)
{
	_cleanup_free_ char *temporary = NULL;
	_cleanup_close_ int fd = open_nameless(directory, &temporary);
	int r;

	if (fd < 0)
		return fd;
	r = write_entry(fd, elf, elf_bytes);
	if (!r)
		r = publish(fd, temporary, path);
	/* Somebody without our lock was faster: theirs is as good. */
	if (r == -EEXIST)
		r = 0;
	if (r) {
		if (temporary)
			unlink(temporary);
		return r;
	}
	return open_cached(path, elf_bytes, ret);
}

static int store_in_memory(const uint8_t *elf, size_t elf_bytes,
			   struct kt_unpacked *ret)
{
	int fd = memfd_create("ktstr-kernel", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = write_elf(fd, elf, elf_bytes);
	if (!r && ftruncate(fd, (off_t)elf_bytes) < 0)
		r = -errno;
	if (r) {
		kt_close(fd);
		return r;
	}
	return map_file(fd, elf_bytes, elf_bytes, ret);
}

/* `path` is NULL where there is no cache. */
static int place(const char *directory, const char *path, const uint8_t *elf,
		 size_t elf_bytes, const struct ktstr_log *log,
		 struct kt_unpacked *ret, struct ktstr_error *err)
{
	int r;

	if (path) {
		r = store(directory, path, elf, elf_bytes, ret);
		if (!r)
			return 0;
		kt_warn(log,
			"cannot keep the unpacked kernel as %s (%s); it will "
			"be unpacked again each time",
			path, strerror(-r));
	}
	r = store_in_memory(elf, elf_bytes, ret);
	return r ? kt_err_errno(err, r, "no memory for the unpacked kernel") : 0;
}

static int unpack(const struct kt_bzimage *image, const char *directory,
		  const char *path, const struct ktstr_log *log,
		  struct kt_unpacked *ret, struct ktstr_error *err)
{
	size_t elf_bytes = image->unpacked_bytes;
	uint8_t *elf;
	int r;

	kt_notice(log, "unpacking kernel %s (%s, %llu MiB), once",
		  image->release, kt_compression_name(image->compression),
		  (unsigned long long)(elf_bytes / KT_MIB));
	/* Pages come only as data does, so that a lie about the size is free. */
	elf = mmap(NULL, elf_bytes, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (elf == MAP_FAILED)
		return kt_err_errno(err, -errno,
				    "no memory to unpack the kernel");
	r = kt_bzimage_unpack(image, elf, err);
	if (!r)
		r = place(directory, path, elf, elf_bytes, log, ret, err);
	munmap(elf, elf_bytes);
	return r;
}

int kt_unpacked_open(const uint8_t *data, size_t bytes,
		     const struct kt_bzimage *image, const struct ktstr_log *log,
		     struct kt_unpacked *ret, struct ktstr_error *err)
{
	_cleanup_free_ char *directory = NULL, *path = NULL;
	_cleanup_close_ int lock = -1;
	char hash[KT_IMAGE_HASH_BYTES];
	struct ktstr_error reason;

	if (kt_cache_dir("unpacked", &directory, &reason)) {
		kt_warn(log, "no cache for unpacked kernels: %s", reason.message);
		return unpack(image, NULL, NULL, log, ret, err);
	}
	kt_image_hash(data, bytes, hash);
	if (asprintf(&path, "%s/%s.elf", directory, hash) < 0) {
		path = NULL;
		return kt_err(err, -ENOMEM, "out of memory");
	}
	if (!open_cached(path, image->unpacked_bytes, ret))
		return 0;
	/* Without the lock the work may be done twice, which does no harm. */
	lock = kt_cache_lock("unpacked", LOCK_TIMEOUT_MS, NULL, NULL, NULL);
	if (lock >= 0 && !open_cached(path, image->unpacked_bytes, ret))
		return 0;
	return unpack(image, directory, path, log, ret, err);
}
