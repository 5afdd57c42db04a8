/* The parts of unwind.c for AMD64. The processor makes the steps: the flag TF is set while the function runs. */
#ifndef UNWIND_X86_64_H
#define UNWIND_X86_64_H

#define SAVED 6

/* The callee-saved registers by the unwinders' numbers: rbx, rbp, r12 to r15. */
static const uint64_t magic[SAVED] = {
	0x5eedb0b0b0b0b0b0, 0x5eedb1b1b1b1b1b1, 0x5eedc2c2c2c2c2c2, 0x5eedd3d3d3d3d3d3, 0x5eede4e4e4e4e4e4, 0x5eedf5f5f5f5f5f5,
};
static const int saved_registers[SAVED] = { 3, 6, 12, 13, 14, 15 };

__asm__(".text\n"
	".hidden call_in_steps, call_returned\n"
	".globl call_in_steps, call_returned\n"
	".type call_in_steps, @function\n"
	"call_in_steps:\n"
	"	.cfi_startproc\n"
	"	push %rbx\n	.cfi_adjust_cfa_offset 8\n	.cfi_rel_offset %rbx, 0\n"
	"	push %rbp\n	.cfi_adjust_cfa_offset 8\n	.cfi_rel_offset %rbp, 0\n"
	"	push %r12\n	.cfi_adjust_cfa_offset 8\n	.cfi_rel_offset %r12, 0\n"
	"	push %r13\n	.cfi_adjust_cfa_offset 8\n	.cfi_rel_offset %r13, 0\n"
	"	push %r14\n	.cfi_adjust_cfa_offset 8\n	.cfi_rel_offset %r14, 0\n"
	"	push %r15\n	.cfi_adjust_cfa_offset 8\n	.cfi_rel_offset %r15, 0\n"
	"	sub $72, %rsp\n	.cfi_adjust_cfa_offset 72\n"
	"	mov %rdi, %rax\n"
	"	mov %rsi, %r10\n"
	"	mov (%rdx), %rbx\n"
	"	mov 8(%rdx), %rbp\n"
	"	mov 16(%rdx), %r12\n"
	"	mov 24(%rdx), %r13\n"
	"	mov 32(%rdx), %r14\n"
	"	mov 40(%rdx), %r15\n"
	"	lea 48(%r10), %rsi\n"
	"	mov %rsp, %rdi\n"
	"	mov $8, %ecx\n"
	"	cld\n"
	"	rep movsq\n"
	"	mov %rsp, call_stack(%rip)\n"
	"	mov (%r10), %rdi\n"
	"	mov 8(%r10), %rsi\n"
	"	mov 16(%r10), %rdx\n"
	"	mov 24(%r10), %rcx\n"
	"	mov 32(%r10), %r8\n"
	"	mov 40(%r10), %r9\n"
	"	pushfq\n	.cfi_adjust_cfa_offset 8\n"
	"	orl $0x100, (%rsp)\n"
	"	popfq\n	.cfi_adjust_cfa_offset -8\n"
	"	call *%rax\n"
	"call_returned:\n"
	"	pushfq\n	.cfi_adjust_cfa_offset 8\n"
	"	andl $~0x100, (%rsp)\n"
	"	popfq\n	.cfi_adjust_cfa_offset -8\n"
	"	add $72, %rsp\n	.cfi_adjust_cfa_offset -72\n"
	"	pop %r15\n	.cfi_adjust_cfa_offset -8\n	.cfi_restore %r15\n"
	"	pop %r14\n	.cfi_adjust_cfa_offset -8\n	.cfi_restore %r14\n"
	"	pop %r13\n	.cfi_adjust_cfa_offset -8\n	.cfi_restore %r13\n"
	"	pop %r12\n	.cfi_adjust_cfa_offset -8\n	.cfi_restore %r12\n"
	"	pop %rbp\n	.cfi_adjust_cfa_offset -8\n	.cfi_restore %rbp\n"
	"	pop %rbx\n	.cfi_adjust_cfa_offset -8\n	.cfi_restore %rbx\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size call_in_steps, .-call_in_steps\n");

static uintptr_t *pc_of(ucontext_t *context)
{
	return (uintptr_t *) &context->uc_mcontext.gregs[REG_RIP];
}

static uintptr_t *result_of(ucontext_t *context)
{
	return (uintptr_t *) &context->uc_mcontext.gregs[REG_RAX];
}

static enum kind kind(uintptr_t pc)
{
	const unsigned char *at = (const unsigned char *) pc, *opcode = at + (at[0] == 0x41);

	if ((at[0] & 0xf0) == 0x70 || (at[0] == 0x0f && (at[1] & 0xf0) == 0x80))
		return BRANCH;
	if (at[0] == 0x0f && at[1] == 0x05)
		return SYSTEM_CALL;
	if (at[0] == 0xe8)
		return CALL;
	if (opcode[0] == 0xff && (opcode[1] & 0xf8) == 0xd0)
		return CALL_OUT;
	return at[0] == 0xc3 || (opcode[0] == 0xff && (opcode[1] & 0xf8) == 0xe0) ? RETURN : OTHER;
}

static uintptr_t taken_to(uintptr_t pc)
{
	const unsigned char *at = (const unsigned char *) pc;
	int32_t distance = (int8_t) at[1];

	if (at[0] == 0x0f)
		memcpy(&distance, at + 2, sizeof distance);
	return pc + (at[0] == 0x0f ? 6 : 2) + (uintptr_t) (intptr_t) distance;
}

/* Returns from the function, and reports the address. */
static uintptr_t returned(ucontext_t *context)
{
	uintptr_t *stack = (uintptr_t *) context->uc_mcontext.gregs[REG_RSP];

	context->uc_mcontext.gregs[REG_RSP] += 8;
	return *stack;
}

static void begin_steps(char *text, size_t bytes)
{
	(void) text;
	(void) bytes;
}

static void run_one(uintptr_t pc)
{
	(void) pc;
}

#endif
