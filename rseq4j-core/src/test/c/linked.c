/*
 * A library that is linked with librseq4j.so, as rseq4j.h describes: it is bound to every section, in every order of
 * loading.
 */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "rseq4j.h"

static intptr_t *copy(intptr_t *cell, int index)
{
	return (intptr_t *) ((char *) cell + index * RSEQ4J_STRIDE);
}

static intptr_t sum(intptr_t *cell)
{
	intptr_t total = 0;

	for (int i = 0; i < rseq4j_limit(); i++)
		total += *copy(cell, i);
	return total;
}

int linked_owner(void)
{
	return rseq4j_owner();
}

/* Runs sections on the calling thread; returns 0, or the line of the first fault. */
int linked_use(void)
{
	size_t bytes = (size_t) rseq4j_limit() * (size_t) RSEQ4J_STRIDE;
	intptr_t *cell = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	static intptr_t node[2];
	intptr_t v = (intptr_t) cell, status;
	int line = 0;

#define EXPECT(holds) do { if (!line && !(holds)) line = __LINE__; } while (0)
	if (cell == MAP_FAILED)
		return __LINE__;
	EXPECT(rseq4j_join() == 0 && rseq4j_current_cpu() >= 0);
	EXPECT(rseq4j_add(cell + 1, 5) == 0 && sum(cell + 1) == 5);
	status = rseq4j_load_cbne_store_relaxed(v, 1, 2);
	EXPECT(status < 0 && RSEQ4J_CODE(status) == RSEQ4J_EXIT(0) && sum(cell) == 0);
	status = rseq4j_load_cbne_load_cbne_store_relaxed(v, 0, v, 1, 2);
	EXPECT(status < 0 && RSEQ4J_CODE(status) == RSEQ4J_EXIT(1) && sum(cell) == 0);
	status = rseq4j_load_cbne_memcpy_store_release_int(v, 0, v + 64, (intptr_t) node, 65537, 1);
	EXPECT(status < 0 && RSEQ4J_CODE(status) == RSEQ4J_OUT_OF_RANGE && sum(cell) == 0);
	/* Each copy is an empty list, so after the push the node is on exactly one of them. */
	EXPECT(rseq4j_load_add_store_store_release(v, (intptr_t) node, sizeof(intptr_t)) == 0);
	EXPECT(sum(cell) == (intptr_t) node && node[1] == 0);
	/* The thread pops the node on its own CPU; on another CPU the list is empty. */
	for (int i = 0; sum(cell) && i < 1000000; i++) {
		status = rseq4j_load_cbeq_add_load_store_relaxed(v, 0, sizeof(intptr_t));
		EXPECT(status == (intptr_t) node || RSEQ4J_CODE(status) == RSEQ4J_EXIT(0)
		       || RSEQ4J_CODE(status) == RSEQ4J_ABORTED);
	}
	EXPECT(sum(cell) == 0 && status == (intptr_t) node);
	munmap(cell, bytes);
	return line;
}
