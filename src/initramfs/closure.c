// SPDX-License-Identifier: GPL-2.0-only
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "initramfs/closure.h"
#include "initramfs/ld_search.h"

#define CLOSURE_MAX_CACHE_BYTES (64 * KT_MIB)
#define CLOSURE_MAX_OBJECTS     4096

/* One file of a program being looked at, as ld.so's link map would hold it. */
struct object {
	char *name; /* by which it was asked for */
	char *path;
	char *origin;
	dev_t device;
	ino_t inode;
	struct kt_elf_dynamic elf;
	const struct object *loader; /* NULL for the program */
};

/* The program and what was loaded for it so far, in the order of loading. */
struct load {
	struct kt_closure *closure;
	struct object *objects[CLOSURE_MAX_OBJECTS];
	size_t n_objects;
	struct kt_strbuf looked; /* directories tried for the present name */
};

static void object_free(struct object *object)
{
	if (!object)
		return;
	free(object->name);
	free(object->path);
	free(object->origin);
	kt_elf_dynamic_deinit(&object->elf);
	free(object);
}
KT_DEFINE_CLEANUP(struct object *, object_free)

static void load_free(struct load *load)
{
	for (size_t i = 0; i < load->n_objects; i++)
		object_free(load->objects[i]);
	kt_strbuf_deinit(&load->looked);
	free(load);
}
KT_DEFINE_CLEANUP(struct load *, load_free)

int kt_closure_init(struct kt_closure *closure, const struct kt_ld_paths *paths,
		    struct kt_witness_set *seen, struct ktstr_error *err)
{
	size_t bytes;
	int r;

	*closure = (struct kt_closure){ .paths = *paths, .seen = seen };
	if (!paths->cache_path)
		return 0;
	if (seen)
		kt_witness_set_look(seen, paths->cache_path);
	r = kt_read_file(paths->cache_path, CLOSURE_MAX_CACHE_BYTES,
			 &closure->cache_text, &bytes);
	if (r == -ENOMEM)
		return kt_err_errno(err, r, "cannot read \"%s\"",
				    paths->cache_path);
	if (r < 0 ||
	    kt_ld_cache_parse(closure->cache_text, bytes, &closure->cache) < 0)
		closure->cache = (struct kt_ld_cache){ 0 };
	return 0;
}

void kt_closure_deinit(struct kt_closure *closure)
{
	for (size_t i = 0; i < closure->n_libraries; i++) {
		free(closure->libraries[i].name);
		free(closure->libraries[i].path);
		free(closure->libraries[i].real_path);
	}
	free(closure->libraries);
	free(closure->cache_text);
	*closure = (struct kt_closure){ 0 };
}

/* Whether ld.so would try to load what is open at `fd`, going by its headers. */
static int object_read(struct object *object, int fd, struct kt_witness_set *seen)
{
	const char *slash;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (seen)
		kt_witness_set_add(seen, object->path, &st);
	if (!S_ISREG(st.st_mode))
		return -ENOEXEC;
	r = kt_elf_dynamic_read(fd, &object->elf);
	if (r < 0)
		return r;
	object->device = st.st_dev;
	object->inode = st.st_ino;
	slash = strrchr(object->path, '/');
	object->origin =
		slash == object->path ?
			strdup("/") :
			strndup(object->path, (size_t)(slash - object->path));
	return object->origin ? 0 : -ENOMEM;
}

/* Paths are absolute from here on: what is relative is so to this process. */
static char *absolute_path(const char *path)
{
	char directory[PATH_MAX];

	if (*path == '/')
		return strdup(path);
	if (!getcwd(directory, sizeof(directory)))
		return NULL;
	while (path[0] == '.' && path[1] == '/')
		path += 2;
	return kt_path_join(directory, path);
}

/*
 * Looks at one file: 1 with the object filled in if ld.so would take it, 0 if
 * it would go on looking, an error if it would give up.
 */
static int try_path(struct load *load, const char *path, const char *name,
		    const struct object *needer, struct object **ret,
		    struct ktstr_error *err)
{
	const struct object *program = load->objects[0];
	_cleanup_(object_free_cleanup) struct object *object =
		calloc(1, sizeof(*object));
	_cleanup_close_ int fd = -1;
	int r;

	if (!object)
		return -ENOMEM;
	object->name = strdup(name);
	object->path = absolute_path(path);
	object->loader = needer;
	if (!object->name || !object->path)
		return -ENOMEM;
	fd = open(object->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		if (load->closure->seen)
			kt_witness_set_look(load->closure->seen, object->path);
		return 0;
	}
	r = object_read(object, fd, load->closure->seen);
	if (r == -ENOEXEC || r == -EBADMSG)
		return kt_err(err, r,
			      "\"%s\" needs \"%s\", and \"%s\", which is where "
			      "that is found, is %s",
			      needer->path, name, object->path,
			      r == -ENOEXEC ? "no ELF file" :
					      "a damaged ELF file");
	if (r < 0)
		return r;
	if (!kt_elf_abi_equal(&object->elf.abi, &program->elf.abi))
		return 0;
	*ret = TAKE_PTR(object);
	return 1;
}

static int try_directory(struct load *load, const char *directory,
			 const char *name, const struct object *needer,
			 struct object **ret, struct ktstr_error *err)
{
	_cleanup_free_ char *path =
		kt_path_join(*directory ? directory : ".", name);

	if (!path)
		return -ENOMEM;
	if (load->looked.length < 512)
		kt_strbuf_addf(&load->looked, "%s%s",
			       load->looked.length ? ", " : "",
			       *directory ? directory : ".");
	else if (load->looked.data[load->looked.length - 1] != '.')
		kt_strbuf_add(&load->looked, ", ...");
	return try_path(load, path, name, needer, ret, err);
}

/*
 * Goes through a list of directories, whose "$ORIGIN" is that of `owner`. The
 * separators are those of the list at hand.
 */
static int try_list(struct load *load, const char *list, const char *separators,
		    const struct object *owner, const char *name,
		    const struct object *needer, struct object **ret,
		    struct ktstr_error *err)
{
	const struct kt_elf_abi *abi = &load->objects[0]->elf.abi;
	int r = 0;

	if (!list || !*list)
		return 0;
	for (const char *at = list; !r;) {
		size_t length = strcspn(at, separators);

		for (const char *const *lib = kt_ld_lib_names(abi); *lib && !r;
		     lib++) {
			_cleanup_strbuf_ struct kt_strbuf directory = { 0 };
			const struct kt_ld_tokens tokens = {
				.origin = owner->origin,
				.lib = *lib,
				.platform = kt_ld_platform(abi),
			};
			bool any_lib =
				kt_ld_expand(at, length, &tokens, &directory);

			if (kt_strbuf_failed(&directory))
				return -ENOMEM;
			r = try_directory(load, kt_strbuf_text(&directory),
					  name, needer, ret, err);
			if (!any_lib)
				break;
		}
		if (!at[length])
			break;
		at += length + 1;
	}
	return r;
}

static bool in_default_directory(const char *path, const char *const *directories)
{
	for (; *directories; directories++) {
		size_t length = strlen(*directories);

		if (!strncmp(path, *directories, length) &&
		    path[length] == '/' && !strchr(path + length + 1, '/'))
			return true;
	}
	return false;
}

/* Steps 1 to 5 for a name without a slash. */
static int search(struct load *load, const struct object *needer,
		  const char *name, struct object **ret, struct ktstr_error *err)
{
	const struct kt_closure *closure = load->closure;
	const struct object *program = load->objects[0];
	const char *const *defaults =
		closure->paths.default_directories ?
			closure->paths.default_directories :
			kt_ld_default_directories(&program->elf.abi);
	const bool use_defaults = !needer->elf.no_default_libraries;
	const char *listed;
	int r = 0;

	kt_strbuf_reset(&load->looked);
	if (!needer->elf.runpath)
		for (const struct object *o = needer; o && !r; o = o->loader)
			if (!o->elf.runpath)
				r = try_list(load, o->elf.rpath, ":", o, name,
					     needer, ret, err);
	if (!r)
		r = try_list(load, closure->paths.library_path, ":;", program,
			     name, needer, ret, err);
	if (!r)
		r = try_list(load, needer->elf.runpath, ":", needer, name,
			     needer, ret, err);
	listed = r ? NULL :
		     kt_ld_cache_find(&closure->cache, name, &program->elf.abi);
	if (listed && (use_defaults || !in_default_directory(listed, defaults)))
		r = try_path(load, listed, name, needer, ret, err);
	for (size_t i = 0; use_defaults && defaults[i] && !r; i++)
		r = try_directory(load, defaults[i], name, needer, ret, err);
	return r;
}

/* A name with a slash is a path, which may hold tokens. */
static int open_needed_path(struct load *load, const struct object *needer,
			    const char *name, struct object **ret,
			    struct ktstr_error *err)
{
	const struct kt_elf_abi *abi = &load->objects[0]->elf.abi;
	int r = 0;

	kt_strbuf_reset(&load->looked);
	for (const char *const *lib = kt_ld_lib_names(abi); *lib && !r; lib++) {
		_cleanup_strbuf_ struct kt_strbuf path = { 0 };
		const struct kt_ld_tokens tokens = {
			.origin = needer->origin,
			.lib = *lib,
			.platform = kt_ld_platform(abi),
		};
		bool any_lib = kt_ld_expand(name, strlen(name), &tokens, &path);

		if (kt_strbuf_failed(&path))
			return -ENOMEM;
		kt_strbuf_addf(&load->looked, "%s%s",
			       load->looked.length ? ", " : "",
			       kt_strbuf_text(&path));
		r = try_path(load, kt_strbuf_text(&path), name, needer, ret, err);
		if (!any_lib)
			break;
	}
	return r;
}

/* Adds a file to what the guest gets, once for each name and path. */
static int closure_keep(struct kt_closure *closure, const char *name,
			const char *path, const struct kt_elf_abi *abi)
{
	struct kt_library library = { .abi = *abi };
	struct kt_library *grown;

	for (size_t i = 0; i < closure->n_libraries; i++) {
		const struct kt_library *l = &closure->libraries[i];

		if (!strcmp(l->path, path) && kt_elf_abi_equal(&l->abi, abi) &&
		    !name == !l->name && (!name || !strcmp(l->name, name)))
			return 0;
	}
	grown = reallocarray(closure->libraries, closure->n_libraries + 1,
			     sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	closure->libraries = grown;
	library.name = name ? strdup(name) : NULL;
	library.path = strdup(path);
	library.real_path = realpath(path, NULL);
	if ((name && !library.name) || !library.path || !library.real_path) {
		free(library.name);
		free(library.path);
		free(library.real_path);
		return -ENOMEM;
	}
	grown[closure->n_libraries++] = library;
	return 0;
}

/* Whether a file that is loaded already answers to that name. */
static bool is_loaded(const struct load *load, const char *name)
{
	for (size_t i = 1; i < load->n_objects; i++) {
		const struct object *o = load->objects[i];

		if (!strcmp(o->name, name) ||
		    (o->elf.soname && !strcmp(o->elf.soname, name)))
			return true;
	}
	return false;
}

static int not_found(const struct load *load, const struct object *needer,
		     const char *name, struct ktstr_error *err)
{
	const struct object *program = load->objects[0];
	const char *cache = load->closure->paths.cache_path;

	return kt_err(err, -ENOENT,
		      "\"%s\" needs the library \"%s\"%s%s%s, which is not on "
		      "this machine; looked in %s%s%s: install it, or name its "
		      "directory in LD_LIBRARY_PATH",
		      program->path, name, needer == program ? "" : " (for \"",
		      needer == program ? "" : needer->path,
		      needer == program ? "" : "\")",
		      kt_strbuf_text(&load->looked),
		      cache && !strchr(name, '/') ? " and " : "",
		      cache && !strchr(name, '/') ? cache : "");
}

static int load_needed(struct load *load, const struct object *needer,
		       const char *name, struct ktstr_error *err)
{
	_cleanup_(object_free_cleanup) struct object *object = NULL;
	int r;

	if (is_loaded(load, name))
		return 0;
	if (strchr(name, '/'))
		r = open_needed_path(load, needer, name, &object, err);
	else
		r = search(load, needer, name, &object, err);
	if (r == -ENOMEM)
		return kt_err_errno(err, r, "cannot look for \"%s\"", name);
	if (r < 0)
		return r;
	if (!r)
		return not_found(load, needer, name, err);
	r = closure_keep(load->closure, name, object->path, &object->elf.abi);
	if (r < 0)
		return kt_err_errno(err, r, "cannot pack \"%s\"", object->path);
	/* A second name of a file that is loaded: its needs were seen to. */
	for (size_t i = 1; i < load->n_objects; i++)
		if (load->objects[i]->device == object->device &&
		    load->objects[i]->inode == object->inode)
			return 0;
	if (load->n_objects == CLOSURE_MAX_OBJECTS)
		return kt_err(err, -E2BIG, "\"%s\" needs more than %d libraries",
			      load->objects[0]->path, CLOSURE_MAX_OBJECTS);
	load->objects[load->n_objects++] = TAKE_PTR(object);
	return 0;
}

/* The interpreter is in memory when the search begins, under its own name. */
static int load_interpreter(struct load *load, struct ktstr_error *err)
{
	_cleanup_(object_free_cleanup) struct object *object = NULL;
	struct object *program = load->objects[0];
	const char *path = program->elf.interpreter;
	int r;

	r = try_path(load, path, path, program, &object, err);
	if (r == -ENOMEM)
		return kt_err_errno(err, r, "cannot look at \"%s\"", path);
	if (r < 0)
		return r;
	if (!r)
		return kt_err(
			err, -ENOENT,
			"\"%s\" is started by \"%s\", which is not on this "
			"machine: install that C library",
			program->path, path);
	r = closure_keep(load->closure, NULL, object->path, &object->elf.abi);
	if (r < 0)
		return kt_err_errno(err, r, "cannot pack \"%s\"", path);
	load->objects[load->n_objects++] = TAKE_PTR(object);
	return 0;
}

int kt_closure_add(struct kt_closure *closure, const char *path,
		   struct ktstr_error *err)
{
	_cleanup_(load_free_cleanup) struct load *load = calloc(1, sizeof(*load));
	_cleanup_(object_free_cleanup) struct object *program =
		calloc(1, sizeof(*program));
	_cleanup_close_ int fd = -1;
	int r;

	if (!load || !program)
		return kt_err_errno(err, -ENOMEM, "cannot look at \"%s\"", path);
	load->closure = closure;
	program->name = strdup(path);
	/* The kernel tells ld.so where the program really is. */
	program->path = realpath(path, NULL);
	fd = program->path ? open(program->path, O_RDONLY | O_CLOEXEC) : -1;
	if (!program->name || fd < 0) {
		r = -errno;
		return kt_err_errno(err, r, "cannot look at \"%s\"", path);
	}
	r = object_read(program, fd, closure->seen);
	if (r == -ENOEXEC)
		return 0;
	if (r == -EBADMSG)
		return kt_err(err, r, "\"%s\" is a damaged ELF file", path);
	if (r < 0)
		return kt_err_errno(err, r, "cannot look at \"%s\"", path);
	load->objects[load->n_objects++] = TAKE_PTR(program);
	if (load->objects[0]->elf.interpreter) {
		r = load_interpreter(load, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < load->n_objects; i++) {
		const struct object *needer = load->objects[i];

		for (size_t n = 0; n < needer->elf.n_needed; n++) {
			r = load_needed(load, needer, needer->elf.needed[n], err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}
