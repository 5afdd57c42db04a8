/*
 * The entry of a program that is linked to no libc in particular: its symbols have no versions, so that one file runs
 * on any glibc and on musl. Types whose layout has changed since (condition variables) are not used.
 */
#ifndef START_H
#define START_H

/* A shared object with an entry and an interpreter: all that it refers to is bound when it starts. */
const char interpreter[] __attribute__((section(".interp"))) = "/lib64/ld-linux-x86-64.so.2";

__attribute__((visibility("hidden"))) int main(int argc, char **argv);

__asm__(".globl _start\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov %rdx, %r9\n"
	"	mov (%rsp), %rsi\n"
	"	lea 8(%rsp), %rdx\n"
	"	lea main(%rip), %rdi\n"
	"	xor %ecx, %ecx\n"
	"	xor %r8d, %r8d\n"
	"	and $-16, %rsp\n"
	"	push %rax\n"
	"	push %rsp\n"
	"	call *__libc_start_main@GOTPCREL(%rip)\n"
	"	hlt\n");

#endif
