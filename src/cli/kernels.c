// SPDX-License-Identifier: GPL-2.0-only
#include "cli/kernels.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runner/matrix.h"

void kt_kernels_deinit(struct kt_kernels *kernels)
{
	for (size_t i = 0; i < kernels->n; i++) {
		free(kernels->kernels[i].label);
		kt_kernel_ref_deinit(&kernels->kernels[i].ref);
	}
	free(kernels->kernels);
	*kernels = (struct kt_kernels){ 0 };
}

static int no_memory(struct ktstr_error *err)
{
	return kt_err_errno(err, -ENOMEM, "no memory for the kernels");
}

/* A version is its own name; a path becomes one that is part of a file's. */
static char *make_label(const char *spec)
{
	static const char kept[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789._+-";
	const char *start = spec + strspn(spec, "./");
	char *label = strdup(*start ? start : "kernel");
	size_t length = label ? strlen(label) : 0;

	while (length > 1 && label[length - 1] == '/')
		label[--length] = '\0';
	for (size_t i = 0; i < length; i++) {
		if (!strchr(kept, label[i]))
			label[i] = '_';
	}
	return label;
}

static int check_labels(const struct kt_kernels *kernels, size_t last,
			struct ktstr_error *err)
{
	const struct kt_named_kernel *one = &kernels->kernels[last];

	for (size_t i = 0; i < last; i++) {
		const struct kt_named_kernel *other = &kernels->kernels[i];

		if (strcmp(one->spec, other->spec) == 0)
			return kt_err(err, -EINVAL,
				      "--kernel %s is given twice", one->spec);
		if (strcmp(one->label, other->label) == 0)
			return kt_err(err, -EINVAL,
				      "the kernels %s and %s would both be "
				      "called %s, and so would be their "
				      "results; run one after the other",
				      other->spec, one->spec, one->label);
	}
	return 0;
}

int kt_kernels_init(struct kt_kernels *kernels, const struct kt_words *specs,
		    struct ktstr_error *err)
{
	*kernels = (struct kt_kernels){ 0 };
	if (specs->n > KT_KERNELS_MAX)
		return kt_err(err, -EINVAL,
			      "--kernel is given %zu times; %d are possible",
			      specs->n, KT_KERNELS_MAX);
	kernels->kernels = calloc(specs->n + 1, sizeof(*kernels->kernels));
	if (!kernels->kernels)
		return no_memory(err);
	kernels->n = specs->n ? specs->n : 1;
	if (specs->n)
		kernels->kernels[0].spec = specs->words[0];
	for (size_t i = 0; specs->n > 1 && i < specs->n; i++) {
		struct kt_named_kernel *kernel = &kernels->kernels[i];
		int r;

		kernel->spec = specs->words[i];
		kernel->label = make_label(kernel->spec);
		if (!kernel->label)
			return no_memory(err);
		r = check_labels(kernels, i, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* By whatever path. */
static bool is_same_file(const char *one, const char *other)
{
	struct stat a, b;

	return stat(one, &a) == 0 && stat(other, &b) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int kt_kernels_resolve(struct kt_kernels *kernels, struct ktstr_error *err)
{
	for (size_t i = 0; i < kernels->n; i++) {
		struct kt_named_kernel *kernel = &kernels->kernels[i];
		int r = kt_kernel_resolve(kernel->spec, &kernel->ref, err);

		if (r < 0)
			return r;
		for (size_t j = 0; j < i; j++) {
			const struct kt_named_kernel *other =
				&kernels->kernels[j];

			if (is_same_file(kernel->ref.image, other->ref.image))
				return kt_err(err, -EINVAL,
					      "--kernel %s and --kernel %s are "
					      "one kernel, %s; give one",
					      other->spec, kernel->spec,
					      kernel->ref.image);
		}
	}
	return 0;
}
