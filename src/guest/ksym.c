// SPDX-License-Identifier: GPL-2.0-only
#include "guest/ksym.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/macro.h"

/* With its NUL; what is longer is no name that anyone asks for. */
#define NAME_BYTES 64

/* What the program is handed, and hands back. */
struct question {
	char name[NAME_BYTES];
	uint64_t name_bytes;
	uint64_t address;
	uint64_t error; /* as the helper returns it */
};

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

#define AT(field_) offsetof(struct question, field_)
#define INSN(code_, to_, from_, off_, imm_)                                    \
	{                                                                      \
		.code = (code_), .dst_reg = (to_), .src_reg = (from_),         \
		.off = (off_), .imm = (imm_)                                   \
	}
#define LOAD(to_, from_, off_)                                                 \
	INSN(BPF_LDX | BPF_MEM | BPF_DW, to_, from_, off_, 0)
#define STORE(to_, off_, from_)                                                \
	INSN(BPF_STX | BPF_MEM | BPF_DW, to_, from_, off_, 0)
#define MOVE(to_, from_) INSN(BPF_ALU64 | BPF_MOV | BPF_X, to_, from_, 0, 0)
#define SET(to_, imm_)   INSN(BPF_ALU64 | BPF_MOV | BPF_K, to_, 0, 0, imm_)
#define ADD(to_, imm_)   INSN(BPF_ALU64 | BPF_ADD | BPF_K, to_, 0, 0, imm_)

/* Below the frame pointer, for the program. */
#define ADDRESS_AT -8
#define NAME_AT    (ADDRESS_AT - NAME_BYTES)

#define COPY_WORD(n_)                                                          \
	LOAD(BPF_REG_1, BPF_REG_6, AT(name) + 8 * (n_)),                       \
		STORE(BPF_REG_10, NAME_AT + 8 * (n_), BPF_REG_1)

/*
 *	if (q->name_bytes <= NAME_BYTES) {
 *		char name[NAME_BYTES];
 *		u64 address = 0;
 *
 *		memcpy(name, q->name, NAME_BYTES);
 *		q->error = bpf_kallsyms_lookup_name(name, q->name_bytes, 0,
 *						    &address);
 *		q->address = address;
 *	}
 *	return 0;
 *
 * The copy is for kernels whose verifier lets no helper read what the program
 * is handed.
 */
static const struct bpf_insn program[] = {
	MOVE(BPF_REG_6, BPF_REG_1),
	LOAD(BPF_REG_2, BPF_REG_6, AT(name_bytes)),
	INSN(BPF_JMP | BPF_JGT | BPF_K, BPF_REG_2, 0, 26, NAME_BYTES),
	COPY_WORD(0),
	COPY_WORD(1),
	COPY_WORD(2),
	COPY_WORD(3),
	COPY_WORD(4),
	COPY_WORD(5),
	COPY_WORD(6),
	COPY_WORD(7),
	INSN(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, ADDRESS_AT, 0),
	MOVE(BPF_REG_1, BPF_REG_10),
	ADD(BPF_REG_1, NAME_AT),
	SET(BPF_REG_3, 0),
	MOVE(BPF_REG_4, BPF_REG_10),
	ADD(BPF_REG_4, ADDRESS_AT),
	INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_kallsyms_lookup_name),
	STORE(BPF_REG_6, AT(error), BPF_REG_0),
	LOAD(BPF_REG_1, BPF_REG_10, ADDRESS_AT),
	STORE(BPF_REG_6, AT(address), BPF_REG_1),
	SET(BPF_REG_0, 0),
	INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
};

int kt_ksym_init(struct kt_ksym *ksym)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SYSCALL,
		.insns = (uintptr_t)program,
		.insn_cnt = KT_ARRAY_SIZE(program),
		.license = (uintptr_t) "GPL",
		.prog_flags = BPF_F_SLEEPABLE,
		.prog_name = "ktstr_ksym",
	};
	int fd = bpf(BPF_PROG_LOAD, &attr);

	ksym->program_fd = fd < 0 ? -1 : fd;
	return fd < 0 ? fd : 0;
}

void kt_ksym_deinit(struct kt_ksym *ksym)
{
	ksym->program_fd = kt_close(ksym->program_fd);
}

int kt_ksym_find(const struct kt_ksym *ksym, const char *name, uint64_t *ret)
{
	size_t length = strlen(name);
	struct question question = { .name_bytes = length + 1 };
	union bpf_attr attr = {
		.test = { .prog_fd = (uint32_t)ksym->program_fd,
			  .ctx_in = (uintptr_t)&question,
			  .ctx_size_in = sizeof(question) },
	};
	int r;

	if (length >= NAME_BYTES)
		return -ENAMETOOLONG;
	memcpy(question.name, name, length);
	r = bpf(BPF_PROG_TEST_RUN, &attr);
	if (r < 0)
		return r;
	if (question.error)
		return (int)(int64_t)question.error;
	*ret = question.address;
	return 0;
}
