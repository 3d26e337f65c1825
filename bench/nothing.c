/* SPDX-License-Identifier: Apache-2.0 */
/* Does nothing: what a process costs at least. Linked statically, it is the
 * peer of `qt-bench shm get`. */

int
main(void)
{
	return 0;
}
