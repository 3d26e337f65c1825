/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BASE_HEX_H
#define QT_BASE_HEX_H

/* What a hexadecimal digit of either case stands for, or -1. */
int	qt_hex_value(char c);

#endif /* QT_BASE_HEX_H */
