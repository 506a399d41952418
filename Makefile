# SPDX-License-Identifier: GPL-2.0-only
#
# Two commands do everything: `make demo` and `make check`. The work itself is
# Meson's and Ninja's; these targets only put the steps in order.

.PHONY: demo check bench clean

demo:
	@scripts/demo

check:
	@scripts/check

bench:
	@scripts/bench $(B)

clean:
	rm -rf build
