#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every source file names its licence in its first three lines.
find ./*/ .ci \( -path './build*' -o -name node_modules \) -prune -o -type f \
    \( -name '*.[ch]' -o -name '*.hpp' -o -name '*.sh' -o -name '*.bats' \
    -o -name '*.bash' -o -name '*.mjs' -o -name '*.js' -o -name '*.ts' \
    -o -name '*.css' -o -name '*.py' -o -path '.ci/run' -o -path '.ci/deps' \
    -o -path '.ci/fresh' \) -print | sort |
while read -r f; do
	head -3 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0' ||
		echo "$f: no SPDX-License-Identifier line"
done | {
	! grep .
}
