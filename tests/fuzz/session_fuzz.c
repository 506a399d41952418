// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's side of the conversation against a guest that knows the format and
 * means harm: frames with checksums that match, of every type that there is, in
 * any order. What the host keeps of them is bounded, and so is what it has to say.
 *
 * An input is a series of { type, length (2 bytes), payload }; a type beyond the
 * last one makes the host send a sample of steal instead.
 */
#include "base/fd.h"
#include "base/macro.h"
#include "fuzz.h"
#include "vmm/session.h"
#include "wire/frame.h"
#include "wire/guest_files.h"

#define N_CPUS        4
#define ADDRESSES_MAX 4096
#define TO_GUEST_MAX  (128u * 1024)

static const uint32_t types[] = {
	KT_FRAME_READY,
	KT_FRAME_LIFECYCLE,
	KT_FRAME_KERNEL_ADDRESSES,
	KT_FRAME_STDOUT,
	KT_FRAME_STDERR,
	KT_FRAME_EXIT,
	KT_FRAME_CRASH,
	KT_FRAME_DMESG,
	KT_FRAME_TEST_RESULT,
	KT_FRAME_STIMULUS,
	KT_FRAME_MEASURE,
	KT_FRAME_CLOCK,
	KT_FRAME_STDIN,
	KT_FRAME_STEAL,
	KT_FRAME_CLOCK_ASK,
	KT_FRAME_TAG('N', 'E', 'W', 'S'),
};

static void receive(struct kt_session *session, uint32_t type,
		    struct fuzz_input *input, size_t length)
{
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };

	length = KT_MIN(length, input->left);
	fuzz_check(kt_frame_append(&sb, type, input->data, length) == 0);
	input->data += length;
	input->left -= length;
	fuzz_check(kt_session_callbacks.receive(session, KT_CONSOLE_PORT_WIRE,
						sb.data, sb.length) == sb.length);
}

static void send_steal(struct kt_session *session)
{
	const uint64_t stolen[N_CPUS] = { 0 }, now = kt_now_ns();
	uint64_t last_ns = session->steal_guest_ns;
	size_t before = session->n_steal_samples;

	kt_session_add_steal(session, now, now, stolen, N_CPUS);
	fuzz_check(session->n_steal_samples == before ||
		   session->steal_guest_ns > last_ns);
	kt_session_send_steal(session);
}

static void check(const struct kt_session *session)
{
	fuzz_check(session->crash.length <= KT_SESSION_TEXT_MAX);
	fuzz_check(session->dmesg.length <= KT_SESSION_TEXT_MAX);
	fuzz_check(session->n_addresses <= ADDRESSES_MAX);
	fuzz_check(session->events.n <= KT_EVENTS_MAX);
	fuzz_check(session->steal.length <= KT_FRAME_MAX_PAYLOAD);
	fuzz_check(session->to_guest.length <= TO_GUEST_MAX);
	fuzz_check(session->steal_error_ns <= KT_SESSION_STEAL_ERROR_MAX_NS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct kt_config config = { .exec_cmd = (char *)"true",
					  .stdio = { -1, -1, -1 } };
	struct fuzz_input input = { data, size };
	struct ktstr_vm_event *events;
	struct kt_session session;
	size_t n;

	kt_session_init(&session, &config);
	while (input.left) {
		uint8_t type = fuzz_take8(&input);

		if (type < KT_ARRAY_SIZE(types))
			receive(&session, types[type], &input,
				fuzz_take16(&input));
		else
			send_steal(&session);
		check(&session);
	}
	free(kt_session_wire_error(&session, true));
	kt_session_take_events(&session, &events, &n);
	for (size_t i = 0; i < n; i++)
		fuzz_check(!events[i].placed || events[i].host_ns <= INT64_MAX);
	kt_events_free(events, n);
	kt_session_deinit(&session);
	return 0;
}
