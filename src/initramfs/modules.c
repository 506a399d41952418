// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "initramfs/modules.h"

#define MODULES_MAX_FILE_BYTES (64 * KT_MIB)

/* A piece of one of the texts; nothing is copied out of them. */
struct slice {
	const char *data;
	size_t length;
};

/* One line of modules.dep: "PATH: NEEDED NEEDED ...". */
struct module {
	struct slice path;
	struct slice needs;
	enum { MODULE_NEW, MODULE_ENTERED, MODULE_LISTED } state;
};

struct module_index {
	const char *where;
	struct module *modules; /* in the order of their names */
	size_t n_modules;
	struct slice *builtin;
	size_t n_builtin;
};

static void module_index_deinit(struct module_index *index)
{
	free(index->modules);
	free(index->builtin);
}

void kt_module_list_deinit(struct kt_module_list *list)
{
	for (size_t i = 0; i < list->n_paths; i++)
		free(list->paths[i]);
	free(list->paths);
	*list = (struct kt_module_list){ 0 };
}

static bool slice_cut(struct slice *text, char separator, struct slice *ret)
{
	const char *end;

	if (!text->length)
		return false;
	end = memchr(text->data, separator, text->length);
	ret->data = text->data;
	ret->length = end ? (size_t)(end - text->data) : text->length;
	text->data += ret->length + (end ? 1 : 0);
	text->length -= ret->length + (end ? 1 : 0);
	return true;
}

/* "kernel/drivers/a-b.ko.xz" is the module "a-b". */
static struct slice module_name(struct slice path)
{
	const char *slash = memrchr(path.data, '/', path.length);
	const char *dot;

	if (slash) {
		path.length -= (size_t)(slash + 1 - path.data);
		path.data = slash + 1;
	}
	dot = memchr(path.data, '.', path.length);
	if (dot)
		path.length = (size_t)(dot - path.data);
	return path;
}

static int name_compare(struct slice a, struct slice b)
{
	size_t n = KT_MIN(a.length, b.length);

	for (size_t i = 0; i < n; i++) {
		unsigned char x = (unsigned char)a.data[i];
		unsigned char y = (unsigned char)b.data[i];

		if (x == '-')
			x = '_';
		if (y == '-')
			y = '_';
		if (x != y)
			return x < y ? -1 : 1;
	}
	return a.length == b.length ? 0 : a.length < b.length ? -1 : 1;
}

static int module_compare(const void *a, const void *b)
{
	const struct module *x = a, *y = b;

	return name_compare(module_name(x->path), module_name(y->path));
}

static int builtin_compare(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;

	return name_compare(module_name(*x), module_name(*y));
}

static size_t count_lines(const char *text, size_t length)
{
	size_t n = 1;

	for (size_t i = 0; i < length; i++)
		n += text[i] == '\n';
	return n;
}

/* A path of modules.dep is opened below the modules directory: keep it there. */
static bool path_is_inside(struct slice path)
{
	struct slice part;

	if (!path.length || path.data[0] == '/' ||
	    memchr(path.data, '\0', path.length))
		return false;
	while (slice_cut(&path, '/', &part))
		if (!part.length || (part.length == 2 && part.data[0] == '.' &&
				     part.data[1] == '.'))
			return false;
	return true;
}

static int module_index_init(struct module_index *index, const char *where,
			     struct slice dep, struct slice builtin,
			     struct ktstr_error *err)
{
	struct slice line;
	size_t number = 0;

	index->where = where;
	index->modules = calloc(count_lines(dep.data, dep.length),
				sizeof(*index->modules));
	index->builtin = calloc(count_lines(builtin.data, builtin.length),
				sizeof(*index->builtin));
	if (!index->modules || !index->builtin)
		return kt_err_errno(err, -ENOMEM, "cannot read %s/modules.dep",
				    where);
	while (slice_cut(&dep, '\n', &line)) {
		struct module *module = &index->modules[index->n_modules];
		const char *colon = memchr(line.data, ':', line.length);

		number++;
		if (!line.length)
			continue;
		if (!colon)
			return kt_err(err, -EBADMSG,
				      "%s/modules.dep line %zu has no colon: "
				      "run depmod again",
				      where, number);
		module->path.data = line.data;
		module->path.length = (size_t)(colon - line.data);
		module->needs.data = colon + 1;
		module->needs.length = line.length - module->path.length - 1;
		if (!path_is_inside(module->path))
			return kt_err(err, -EBADMSG,
				      "%s/modules.dep line %zu names \"%.*s\", "
				      "which is not a path below that "
				      "directory",
				      where, number, (int)module->path.length,
				      module->path.data);
		index->n_modules++;
	}
	while (slice_cut(&builtin, '\n', &line))
		if (line.length)
			index->builtin[index->n_builtin++] = line;
	qsort(index->modules, index->n_modules, sizeof(*index->modules),
	      module_compare);
	qsort(index->builtin, index->n_builtin, sizeof(*index->builtin),
	      builtin_compare);
	return 0;
}

static struct module *module_find(const struct module_index *index,
				  struct slice name)
{
	const struct module key = { .path = name };

	return bsearch(&key, index->modules, index->n_modules,
		       sizeof(*index->modules), module_compare);
}

static bool module_is_builtin(const struct module_index *index, struct slice name)
{
	return bsearch(&name, index->builtin, index->n_builtin,
		       sizeof(*index->builtin), builtin_compare) != NULL;
}

static int module_append(const struct module *module, struct kt_module_list *list)
{
	char **paths =
		reallocarray(list->paths, list->n_paths + 1, sizeof(*paths));

	if (!paths)
		return -ENOMEM;
	list->paths = paths;
	paths[list->n_paths] = strndup(module->path.data, module->path.length);
	if (!paths[list->n_paths])
		return -ENOMEM;
	list->n_paths++;
	return 0;
}

/*
 * depmod lists all that a module needs, the deepest last; following each in
 * turn gives the right order whether or not the list is complete.
 */
static int module_list(const struct module_index *index, struct module *module,
		       struct kt_module_list *list, unsigned int depth,
		       struct ktstr_error *err)
{
	struct slice needs = module->needs;
	struct slice path;
	int r;

	if (module->state == MODULE_LISTED)
		return 0;
	if (module->state == MODULE_ENTERED || depth > 64)
		return kt_err(err, -ELOOP,
			      "%s/modules.dep: \"%.*s\" needs itself",
			      index->where, (int)module->path.length,
			      module->path.data);
	module->state = MODULE_ENTERED;
	while (needs.length) {
		const char *space = memrchr(needs.data, ' ', needs.length);
		struct module *needed;

		path.data = space ? space + 1 : needs.data;
		path.length = needs.length - (size_t)(path.data - needs.data);
		needs.length = space ? (size_t)(space - needs.data) : 0;
		if (!path.length)
			continue;
		needed = module_find(index, module_name(path));
		if (!needed)
			return kt_err(
				err, -EBADMSG,
				"%s/modules.dep: \"%.*s\" needs \"%.*s\", "
				"which it does not list",
				index->where, (int)module->path.length,
				module->path.data, (int)path.length, path.data);
		r = module_list(index, needed, list, depth + 1, err);
		if (r < 0)
			return r;
	}
	module->state = MODULE_LISTED;
	r = module_append(module, list);
	if (r < 0)
		return kt_err_errno(err, r, "cannot list the modules of %s",
				    index->where);
	return 0;
}

int kt_modules_resolve_text(const char *where, const char *dep,
			    size_t dep_bytes, const char *builtin,
			    size_t builtin_bytes, const char *const *names,
			    struct kt_module_list *ret, struct ktstr_error *err)
{
	_cleanup_(module_index_deinit) struct module_index index = { 0 };
	_cleanup_module_list_ struct kt_module_list list = { 0 };
	_cleanup_strbuf_ struct kt_strbuf missing = { 0 };
	int r;

	r = module_index_init(&index, where, (struct slice){ dep, dep_bytes },
			      (struct slice){ builtin, builtin_bytes }, err);
	if (r < 0)
		return r;
	for (size_t i = 0; names && names[i]; i++) {
		struct slice name = { names[i], strlen(names[i]) };
		struct module *module = module_find(&index, name);

		if (module) {
			r = module_list(&index, module, &list, 0, err);
			if (r < 0)
				return r;
		} else if (!module_is_builtin(&index, name)) {
			kt_strbuf_addf(&missing, "%s\"%s\"",
				       missing.length ? ", " : "", names[i]);
		}
	}
	if (missing.length)
		return kt_err(
			err, -ENOENT,
			"%s has no module %s, neither as a file nor built "
			"into the kernel",
			where, kt_strbuf_text(&missing));
	*ret = list;
	list = (struct kt_module_list){ 0 };
	return 0;
}

int kt_modules_resolve(const char *modules_dir, const char *const *names,
		       struct kt_module_list *ret, struct ktstr_error *err)
{
	_cleanup_free_ char *dep_path =
		kt_path_join(modules_dir, "modules.dep");
	_cleanup_free_ char *builtin_path =
		kt_path_join(modules_dir, "modules.builtin");
	_cleanup_free_ char *dep = NULL, *builtin = NULL;
	size_t dep_bytes = 0, builtin_bytes = 0;
	int r;

	if (!dep_path || !builtin_path)
		return kt_err_errno(err, -ENOMEM, "cannot read %s", modules_dir);
	r = kt_read_file(dep_path, MODULES_MAX_FILE_BYTES, &dep, &dep_bytes);
	if (r == -ENOENT)
		return kt_err(err, r,
			      "there is no %s: make it with depmod -b ROOT "
			      "RELEASE, where ROOT/lib/modules/RELEASE is that "
			      "directory",
			      dep_path);
	if (r < 0)
		return kt_err_errno(err, r, "cannot read %s", dep_path);
	/* Its absence only means that nothing is known to be built in. */
	r = kt_read_file(builtin_path, MODULES_MAX_FILE_BYTES, &builtin,
			 &builtin_bytes);
	if (r < 0 && r != -ENOENT)
		return kt_err_errno(err, r, "cannot read %s", builtin_path);
	return kt_modules_resolve_text(modules_dir, dep, dep_bytes, builtin,
				       builtin_bytes, names, ret, err);
}
