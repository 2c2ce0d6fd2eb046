#include "textflag.h"

// Keyed N(0, 1) noise on AVX2 and FMA: ChaCha20 in 32-bit lanes, eight cipher blocks at a time, then Box-Muller in
// place on the words. The stream is defined in noise.go, the arithmetic in noise_portable.go; the bits are the same.
// Sixteen words of state leave no register for a rotation, so two of the four words of row c are always on the stack.

#define WIDE(i, pair) \
	DATA noise256<>+(32*i+0)(SB)/8, $pair \
	DATA noise256<>+(32*i+8)(SB)/8, $pair \
	DATA noise256<>+(32*i+16)(SB)/8, $pair \
	DATA noise256<>+(32*i+24)(SB)/8, $pair

WIDE(0, 0x3dbd19383dbd1938) // log, falling degree
WIDE(1, 0xbe58bbb6be58bbb6)
WIDE(2, 0x3e8708953e870895)
WIDE(3, 0xbe94263ebe94263e)
WIDE(4, 0x3eaa6e953eaa6e95)
WIDE(5, 0xbeccb572beccb572)
WIDE(6, 0x3f0000413f000041)
WIDE(7, 0xbf2aaad1bf2aaad1)
WIDE(8, 0x3f8000003f800000) // 1
WIDE(9, 0xc0000000c0000000) // -2
WIDE(10, 0xbfb17218bfb17218) // -2 ln 2
WIDE(11, 0x3400000034000000) // 2^-23
WIDE(12, 0x2f8000002f800000) // 2^-32
WIDE(13, 0x2b8000002b800000) // 2^-40
WIDE(14, 0x2b0000002b000000) // 2^-41
WIDE(15, 0xbb96c981bb96c981) // sin, falling degree
WIDE(16, 0x3da32f493da32f49)
WIDE(17, 0xbf255dddbf255ddd)
WIDE(18, 0x3fc90fdb3fc90fdb)
WIDE(19, 0x3a6ccfa93a6ccfa9) // cos, falling degree; the last is 1
WIDE(20, 0xbcaae275bcaae275)
WIDE(21, 0x3e81e0ed3e81e0ed)
WIDE(22, 0xbf9de9e6bf9de9e6)
WIDE(23, 0x8000000080000000) // sign
WIDE(24, 0x0040000000400000) // half of an exponent step
WIDE(25, 0xff800000ff800000) // sign and exponent
WIDE(26, 0x0000000f0000000f) // greatest radius word of the tail
WIDE(27, 0x0000000800000008) // lanes
DATA noise256<>+896(SB)/8, $0x0504070601000302 // byte shuffle: rotate by 16
DATA noise256<>+904(SB)/8, $0x0d0c0f0e09080b0a
DATA noise256<>+912(SB)/8, $0x0504070601000302
DATA noise256<>+920(SB)/8, $0x0d0c0f0e09080b0a
DATA noise256<>+928(SB)/8, $0x0605040702010003 // byte shuffle: rotate by 8
DATA noise256<>+936(SB)/8, $0x0e0d0c0f0a09080b
DATA noise256<>+944(SB)/8, $0x0605040702010003
DATA noise256<>+952(SB)/8, $0x0e0d0c0f0a09080b
DATA noise256<>+960(SB)/8, $0x0000000100000000 // lane numbers
DATA noise256<>+968(SB)/8, $0x0000000300000002
DATA noise256<>+976(SB)/8, $0x0000000500000004
DATA noise256<>+984(SB)/8, $0x0000000700000006
GLOBL noise256<>(SB), RODATA|NOPTR, $992

#define LOG7 (0)(R10)
#define LOG6 (32)(R10)
#define LOG5 (64)(R10)
#define LOG4 (96)(R10)
#define LOG3 (128)(R10)
#define LOG2 (160)(R10)
#define LOG1 (192)(R10)
#define LOG0 (224)(R10)
#define ONE (256)(R10)
#define M2 (288)(R10)
#define M2LN2 (320)(R10)
#define P23 (352)(R10)
#define P32 (384)(R10)
#define P40 (416)(R10)
#define P41 (448)(R10)
#define SIN3 (480)(R10)
#define SIN2 (512)(R10)
#define SIN1 (544)(R10)
#define SIN0 (576)(R10)
#define COS4 (608)(R10)
#define COS3 (640)(R10)
#define COS2 (672)(R10)
#define COS1 (704)(R10)
#define SIGN (736)(R10)
#define HALF (768)(R10)
#define EXP (800)(R10)
#define LAST (832)(R10)
#define EIGHT (864)(R10)
#define ROT16 (896)(R10)
#define ROT8 (928)(R10)
#define LANES (960)(R10)

// Two quarter rounds side by side; Y10 and Y11 are free.
#define QUARTERS(a0, b0, c0, d0, a1, b1, c1, d1) \
	VPADDD b0, a0, a0 \
	VPADDD b1, a1, a1 \
	VPXOR a0, d0, d0 \
	VPXOR a1, d1, d1 \
	VPSHUFB ROT16, d0, d0 \
	VPSHUFB ROT16, d1, d1 \
	VPADDD d0, c0, c0 \
	VPADDD d1, c1, c1 \
	VPXOR c0, b0, b0 \
	VPXOR c1, b1, b1 \
	VPSLLD $12, b0, Y10 \
	VPSLLD $12, b1, Y11 \
	VPSRLD $20, b0, b0 \
	VPSRLD $20, b1, b1 \
	VPOR Y10, b0, b0 \
	VPOR Y11, b1, b1 \
	VPADDD b0, a0, a0 \
	VPADDD b1, a1, a1 \
	VPXOR a0, d0, d0 \
	VPXOR a1, d1, d1 \
	VPSHUFB ROT8, d0, d0 \
	VPSHUFB ROT8, d1, d1 \
	VPADDD d0, c0, c0 \
	VPADDD d1, c1, c1 \
	VPXOR c0, b0, b0 \
	VPXOR c1, b1, b1 \
	VPSLLD $7, b0, Y10 \
	VPSLLD $7, b1, Y11 \
	VPSRLD $25, b0, b0 \
	VPSRLD $25, b1, b1 \
	VPOR Y10, b0, b0 \
	VPOR Y11, b1, b1

// Add the input word and store a word of eight blocks.
#define OUT(word, y) \
	VPBROADCASTD (4*word)(SI), Y10 \
	VPADDD Y10, y, y \
	VMOVDQU y, (64*word)(R8)

// One Box-Muller step on eight pairs of words at o(DI) and o+64(DI), in place; Y15 keeps the least radius word.
#define PAIRS(o) \
	VMOVDQU (o)(DI), Y0 \
	VMOVDQU (o+64)(DI), Y1 \
	VPMINUD Y0, Y15, Y15 \
	VPSRLD $24, Y1, Y3 \
	VCVTDQ2PS Y3, Y3 \
	VMOVUPS P41, Y4 \
	VFMADD132PS P40, Y4, Y3 \
	VCVTDQ2PS Y0, Y2 \
	VFMADD132PS P32, Y3, Y2 \
	VADDPS ONE, Y2, Y4 \
	VBLENDVPS Y0, Y4, Y2, Y4 \
	VPADDD HALF, Y4, Y5 \
	VPAND EXP, Y5, Y5 \
	VPSUBD ONE, Y5, Y5 \
	VPSUBD Y5, Y4, Y4 \
	VPSRAD $23, Y5, Y5 \
	VCVTDQ2PS Y5, Y5 \
	VSUBPS ONE, Y4, Y4 \
	VPSLLD $1, Y0, Y6 \
	VPAND Y0, Y6, Y6 \
	VBLENDVPS Y6, Y2, Y4, Y4 \
	VMOVUPS LOG7, Y7 \
	VFMADD213PS LOG6, Y4, Y7 \
	VFMADD213PS LOG5, Y4, Y7 \
	VFMADD213PS LOG4, Y4, Y7 \
	VFMADD213PS LOG3, Y4, Y7 \
	VFMADD213PS LOG2, Y4, Y7 \
	VFMADD213PS LOG1, Y4, Y7 \
	VFMADD213PS LOG0, Y4, Y7 \
	VFMADD213PS ONE, Y4, Y7 \
	VFMADD213PS M2, Y4, Y7 \
	VMULPS Y4, Y7, Y7 \
	VFMADD231PS M2LN2, Y5, Y7 \
	VSQRTPS Y7, Y7 \
	VPSLLD $9, Y1, Y8 \
	VPAND SIGN, Y8, Y8 \
	VPXOR Y8, Y7, Y7 \
	VPSLLD $10, Y1, Y9 \
	VCVTDQ2PS Y9, Y9 \
	VMOVUPS P23, Y10 \
	VFMADD132PS P32, Y10, Y9 \
	VMULPS Y9, Y9, Y10 \
	VMOVUPS SIN3, Y11 \
	VFMADD213PS SIN2, Y10, Y11 \
	VFMADD213PS SIN1, Y10, Y11 \
	VFMADD213PS SIN0, Y10, Y11 \
	VMULPS Y9, Y11, Y11 \
	VMOVUPS COS4, Y12 \
	VFMADD213PS COS3, Y10, Y12 \
	VFMADD213PS COS2, Y10, Y12 \
	VFMADD213PS COS1, Y10, Y12 \
	VFMADD213PS ONE, Y10, Y12 \
	VMULPS Y7, Y11, Y11 \
	VMULPS Y7, Y12, Y12 \
	VPSLLD $8, Y1, Y1 \
	VBLENDVPS Y1, Y11, Y12, Y13 \
	VBLENDVPS Y1, Y12, Y11, Y14 \
	VMOVUPS Y13, (o)(DI) \
	VMOVUPS Y14, (o+64)(DI)

// Not 0 if some radius word is one of the tail's.
#define TAILFLAG(ret) \
	VPMINUD LAST, Y15, Y0 \
	VPCMPEQD Y0, Y15, Y0 \
	VMOVMSKPS Y0, AX \
	MOVL AX, ret

// func normalAVX2(dst *float32, state *[16]uint32, groups int) (tail uint32)
// Stack: words 8, 9, 10, 11 of the state, the counters, the least radius word.
TEXT ·normalAVX2(SB), NOSPLIT, $192-28
	MOVQ dst+0(FP), DI
	MOVQ state+8(FP), SI
	MOVQ groups+16(FP), CX
	LEAQ noise256<>(SB), R10
	VPCMPEQD Y0, Y0, Y0
	VMOVDQU Y0, 160(SP)
	VPBROADCASTD 48(SI), Y12
	VPADDD LANES, Y12, Y12
	VMOVDQU Y12, 128(SP)
group:
	MOVQ DI, R8
	MOVL $2, DX
half:
	VPBROADCASTD 0(SI), Y0
	VPBROADCASTD 4(SI), Y1
	VPBROADCASTD 8(SI), Y2
	VPBROADCASTD 12(SI), Y3
	VPBROADCASTD 16(SI), Y4
	VPBROADCASTD 20(SI), Y5
	VPBROADCASTD 24(SI), Y6
	VPBROADCASTD 28(SI), Y7
	VPBROADCASTD 32(SI), Y8
	VPBROADCASTD 36(SI), Y9
	VPBROADCASTD 40(SI), Y10
	VPBROADCASTD 44(SI), Y11
	VMOVDQU Y10, 64(SP)
	VMOVDQU Y11, 96(SP)
	VMOVDQU 128(SP), Y12
	VPBROADCASTD 52(SI), Y13
	VPBROADCASTD 56(SI), Y14
	VPBROADCASTD 60(SI), Y15
	MOVL $10, BX
double:
	QUARTERS(Y0, Y4, Y8, Y12, Y1, Y5, Y9, Y13)
	VMOVDQU Y8, 0(SP)
	VMOVDQU Y9, 32(SP)
	VMOVDQU 64(SP), Y8
	VMOVDQU 96(SP), Y9
	QUARTERS(Y2, Y6, Y8, Y14, Y3, Y7, Y9, Y15)
	QUARTERS(Y0, Y5, Y8, Y15, Y1, Y6, Y9, Y12)
	VMOVDQU Y8, 64(SP)
	VMOVDQU Y9, 96(SP)
	VMOVDQU 0(SP), Y8
	VMOVDQU 32(SP), Y9
	QUARTERS(Y2, Y7, Y8, Y13, Y3, Y4, Y9, Y14)
	DECL BX
	JNZ double
	OUT(0, Y0)
	OUT(1, Y1)
	OUT(2, Y2)
	OUT(3, Y3)
	OUT(4, Y4)
	OUT(5, Y5)
	OUT(6, Y6)
	OUT(7, Y7)
	OUT(8, Y8)
	OUT(9, Y9)
	VMOVDQU 64(SP), Y8
	OUT(10, Y8)
	VMOVDQU 96(SP), Y9
	OUT(11, Y9)
	VMOVDQU 128(SP), Y10
	VPADDD Y10, Y12, Y12
	VMOVDQU Y12, 768(R8)
	VPADDD EIGHT, Y10, Y10
	VMOVDQU Y10, 128(SP)
	OUT(13, Y13)
	OUT(14, Y14)
	OUT(15, Y15)
	ADDQ $32, R8
	DECL DX
	JNZ half
	VMOVDQU 160(SP), Y15
	MOVL $8, BX
pairs:
	PAIRS(0)
	PAIRS(32)
	ADDQ $128, DI
	DECL BX
	JNZ pairs
	VMOVDQU Y15, 160(SP)
	DECQ CX
	JNZ group
	TAILFLAG(tail+24(FP))
	VZEROUPPER
	RET

// func pairsAVX2(dst *float32, groups int) (tail uint32)
TEXT ·pairsAVX2(SB), NOSPLIT, $0-20
	MOVQ dst+0(FP), DI
	MOVQ groups+8(FP), CX
	LEAQ noise256<>(SB), R10
	VPCMPEQD Y15, Y15, Y15
	SHLQ $3, CX
pairs:
	PAIRS(0)
	PAIRS(32)
	ADDQ $128, DI
	DECQ CX
	JNZ pairs
	TAILFLAG(tail+16(FP))
	VZEROUPPER
	RET
