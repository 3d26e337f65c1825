/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a history of bash. clang -fsanitize=fuzzer */

#include "history_fuzz.h"

HISTORY_FUZZ(QT_HIST_BASH);
