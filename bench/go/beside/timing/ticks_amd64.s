#include "textflag.h"

// func ticks() uint64
// The time stamp counter, after all that comes before and before all that comes after.
TEXT ·ticks(SB), NOSPLIT, $0-8
	LFENCE
	RDTSC
	LFENCE
	SHLQ $32, DX
	ORQ  DX, AX
	MOVQ AX, ret+0(FP)
	RET
