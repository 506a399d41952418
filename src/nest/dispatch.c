// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/beside.h"
#include "base/macro.h"
#include "nest/nest.h"

/* What the machine's own system takes of its memory. */
#define DISPATCH_OWN_MIB 512

static const char *dispatch_choice(const char *option, const char *variable,
				   const char *otherwise)
{
	const char *value = option ? option : getenv(variable);

	return value && *value ? value : otherwise;
}

static int dispatch_shape(const struct kt_nest_request *request,
			  struct kt_nest_shape *shape, struct ktstr_error *err)
{
	const char *text =
		dispatch_choice(request->shape, "KTSTR_NEST_SHAPE", "");
	uint32_t need;
	int r;

	r = kt_nest_shape_parse(text, shape, err);
	if (r < 0)
		return r;
	/* Sized by the guest where the user does not say otherwise. Rounded,
	 * so that guests of similar size share a machine. */
	need = request->memory_mib > KT_NEST_MEMORY_MAX ?
		       KT_NEST_MEMORY_MAX :
		       request->memory_mib + DISPATCH_OWN_MIB;
	if (!strstr(text, "memory=") && need > shape->memory_mib)
		shape->memory_mib = KT_MIN(KT_ALIGN_UP(need, 1024u),
					   (uint32_t)KT_NEST_MEMORY_MAX);
	return 0;
}

int kt_nest_dispatch(const struct kt_nest_request *request,
		     const struct ktstr_log *log, int *ret_status,
		     struct ktstr_error *err)
{
	const char *nested = getenv("KTSTR_NESTED");
	char **argv;
	struct ktstr_error why = { 0 };
	struct kt_nest_shape shape;
	enum kt_accel accel;
	int r;

	r = kt_accel_parse(dispatch_choice(request->accel, "KTSTR_ACCEL", "auto"),
			   &accel, err);
	if (r == 0)
		r = dispatch_shape(request, &shape, err);
	if (r < 0)
		return r;
	if (accel == KT_ACCEL_KVM || (nested && *nested))
		return 0;
	if (accel == KT_ACCEL_AUTO) {
		if (kt_kvm_probe(&why) == 0)
			return 0;
		kt_notice(
			log,
			"no KVM here that can run a kernel (%s): running "
			"inside an emulated machine; this is slow (force with "
			"--accel kvm|nested)",
			why.message);
	}
	argv = kt_self_argv(request->argv);
	if (!argv)
		return kt_err(err, -ENOMEM, "no memory for the arguments");
	r = kt_nest_run(&shape, (const char *const *)argv, log, ret_status, err);
	kt_self_argv_free(argv);
	return r < 0 ? r : 1;
}
