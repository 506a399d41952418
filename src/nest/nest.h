/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Running ktstr where the host's own KVM cannot run an ordinary kernel: inside
 * an emulated machine (QEMU TCG with AMD SVM) that has a real /dev/kvm.
 *
 *	ktstr (client) --socket-- supervisor --+-- QEMU: agent --- the command
 *	  terminal, signals         |          |          \
 *	                            +-- files (virtiofs) --+-- the host's tree
 *
 * Machines of one kind run side by side, as many as the host has CPUs for, and
 * a command shares one only when all have another.
 *
 * The supervisor is a background process that the first command starts. It
 * owns the machine and serves it the host's file tree with the user's own
 * rights; it ends a minute after its last client, and QEMU ends with it.
 *
 * For a command that boots a guest the whole of it is, before anything else:
 *
 *	r = kt_nest_dispatch(&request, &log, &status, &err);
 *	if (r < 0)
 *		report err
 *	if (r > 0)
 *		return status;
 *	go on here, on this machine's own KVM
 *
 * Environment: KTSTR_ACCEL and KTSTR_NEST_SHAPE are the defaults of --accel and
 * --nest-shape; KTSTR_NEST_MACHINES says how many machines of one kind there
 * may be; KTSTR_NESTED=1 is set inside, where nothing nests again, as are
 * KTSTR_LOCK_DIR and XDG_RUNTIME_DIR, to directories of the machine's own.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"

enum kt_accel {
	KT_ACCEL_AUTO, /* the host's KVM if it can run a kernel, else nested */
	KT_ACCEL_KVM,
	KT_ACCEL_NESTED,
};

/* "auto", "kvm" or "nested". */
int kt_accel_parse(const char *text, enum kt_accel *ret, struct ktstr_error *err);

/*
 * Tries whether KVM can run an ordinary guest: a tiny long-mode guest that
 * executes a BMI and a VEX-encoded instruction and exits; some milliseconds, 5
 * seconds at most. 0 when it can, else an error that says what went wrong (no
 * device, no right, emulation fault, hang). Any thread.
 */
int kt_kvm_probe(struct ktstr_error *err);

#define KT_NEST_CPUS_MAX     64
#define KT_NEST_NODES_MAX    4
#define KT_NEST_MEMORY_MIN   512
#define KT_NEST_MEMORY_MAX   (256 * 1024)
#define KT_NEST_DISTANCE_FAR 20

/* The shape of the emulated machine; fill it in with the two calls below. */
struct kt_nest_shape {
	uint32_t cpus;    /* guests run dependably on one only */
	uint32_t sockets; /* each is an L3 and, with nodes, part of one */
	uint32_t numa_nodes;
	uint32_t hugepages;  /* of 2 MiB, reserved at its boot */
	uint32_t memory_mib; /* of the machine, all nodes together */
	uint32_t distance;   /* from any node to any other */
};

/* 1 CPU, 1 socket, 1 node, no hugepages, 2048 MiB, distance 20. */
void kt_nest_shape_default(struct kt_nest_shape *shape);

/*
 * "cpus=8,sockets=4,nodes=2,hugepages=128,memory=4096,distance=21": any of
 * them, in any order, memory in MiB; what is not named keeps its default.
 * Sockets default to the number of nodes. "" is the default shape.
 */
int kt_nest_shape_parse(const char *text, struct kt_nest_shape *ret,
			struct ktstr_error *err);

/* All fields in that form; at least KT_NEST_SHAPE_TEXT_BYTES of room. */
#define KT_NEST_SHAPE_TEXT_BYTES 128
void kt_nest_shape_format(const struct kt_nest_shape *shape, char *text);

/*
 * Runs `argv` (argv[0] is a path, or looked up along PATH) inside an emulated
 * machine of that shape, joining one that is up or starting one: with the
 * host's files, working directory, environment, user, standard streams and
 * terminal; signals are passed on. 0 and the exit status in `ret_status`
 * (128 + N after signal N), or an error: the machine could not be started, or
 * it died while the command ran. Call it from the main thread; the terminal is
 * as it was when it returns.
 */
int kt_nest_run(const struct kt_nest_shape *shape, const char *const *argv,
		const struct ktstr_log *log, int *ret_status,
		struct ktstr_error *err);

/*
 * The sockets of the machines of this user that are up, whatever their shape.
 * `ret` and each of its strings are the caller's to free.
 */
int kt_nest_running(char ***ret, size_t *ret_n, struct ktstr_error *err);

/*
 * Runs this very program with these arguments (argv[0] does not matter) in the
 * machine behind that socket, which is joined however many commands it has;
 * otherwise as kt_nest_run().
 */
int kt_nest_run_at(const char *socket, const char *const *argv,
		   const struct ktstr_log *log, int *ret_status,
		   struct ktstr_error *err);

/*
 * The same, without input and messages: what the command prints is the caller's
 * to free. For a process of one thread.
 */
int kt_nest_capture(const char *socket, const char *const *argv,
		    char **ret_output, int *ret_status, struct ktstr_error *err);

struct kt_nest_request {
	const char *accel;       /* --accel; NULL: $KTSTR_ACCEL, else auto */
	const char *shape;       /* --nest-shape; NULL: $KTSTR_NEST_SHAPE */
	uint32_t memory_mib;     /* at least; 0: no wish. For large guests */
	const char *const *argv; /* this process's own, NULL-terminated */
};

/*
 * Decides where a command runs. 0: here. 1: it has run inside the emulated
 * machine, with the exit status in `ret_status`. A notice says when it does.
 * -errno when it can run nowhere.
 */
int kt_nest_dispatch(const struct kt_nest_request *request,
		     const struct ktstr_log *log, int *ret_status,
		     struct ktstr_error *err);
