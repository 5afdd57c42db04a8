/* struct rseq as all users share it, and the call of rseq(2). */
#ifndef AREA_H
#define AREA_H

#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SIGNATURE 0x53053053
#define LENGTH 32
#define UNREGISTER 1

struct area {
	uint32_t cpu_id_start, cpu_id;
	uint64_t rseq_cs;
	uint32_t flags, rest[9];
} __attribute__((aligned(64)));

#endif
