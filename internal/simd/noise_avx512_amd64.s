#include "textflag.h"

// Keyed N(0, 1) noise on AVX-512: ChaCha20 in 32-bit lanes, sixteen cipher blocks (one group) at a time, one word of
// all of them per register, and Box-Muller in place on the words of the group before, its instructions standing between
// the cipher's to fill the ports that the cipher leaves idle. The stream is defined in noise.go, the arithmetic in
// noise_portable.go; both give the same bits. Coefficients come from fit/noise.py.
//
// Z0..Z15 cipher state, Z16..Z26 Box-Muller, Z27 least radius word seen, Z30 16 in each lane, Z31 counters;
// DI the values, SI the cipher's input, R10 the constants.

// Constants, each one float32/uint32, read by embedded broadcast.
#define K(i) (i*4)(R10)
DATA noise512<>+0(SB)/4, $0x3dbd1938  // 0..7 log, falling degree
DATA noise512<>+4(SB)/4, $0xbe58bbb6
DATA noise512<>+8(SB)/4, $0x3e870895
DATA noise512<>+12(SB)/4, $0xbe94263e
DATA noise512<>+16(SB)/4, $0x3eaa6e95
DATA noise512<>+20(SB)/4, $0xbeccb572
DATA noise512<>+24(SB)/4, $0x3f000041
DATA noise512<>+28(SB)/4, $0xbf2aaad1
DATA noise512<>+32(SB)/4, $0x3f800000 // 8: 1
DATA noise512<>+36(SB)/4, $0xc0000000 // 9: -2 (and the bits of 3<<30)
DATA noise512<>+40(SB)/4, $0xbfb17218 // 10: -2 ln 2
DATA noise512<>+44(SB)/4, $0x34000000 // 11: 2^-23
DATA noise512<>+48(SB)/4, $0x2f800000 // 12: 2^-32
DATA noise512<>+52(SB)/4, $0x2b800000 // 13: 2^-40
DATA noise512<>+56(SB)/4, $0x2b000000 // 14: 2^-41
DATA noise512<>+60(SB)/4, $0xbb96c981 // 15..18 sin, falling
DATA noise512<>+64(SB)/4, $0x3da32f49
DATA noise512<>+68(SB)/4, $0xbf255ddd
DATA noise512<>+72(SB)/4, $0x3fc90fdb
DATA noise512<>+76(SB)/4, $0x3a6ccfa9 // 19..22 cos, falling (last is 8)
DATA noise512<>+80(SB)/4, $0xbcaae275
DATA noise512<>+84(SB)/4, $0x3e81e0ed
DATA noise512<>+88(SB)/4, $0xbf9de9e6
DATA noise512<>+92(SB)/4, $0x80000000 // 23 sign
DATA noise512<>+96(SB)/4, $0x00800000 // 24 swap bit
DATA noise512<>+100(SB)/4, $16         // 25 tail limit of the radius word
GLOBL noise512<>(SB), RODATA|NOPTR, $104

DATA lanes512<>+0(SB)/8, $0x0000000100000000
DATA lanes512<>+8(SB)/8, $0x0000000300000002
DATA lanes512<>+16(SB)/8, $0x0000000500000004
DATA lanes512<>+24(SB)/8, $0x0000000700000006
DATA lanes512<>+32(SB)/8, $0x0000000900000008
DATA lanes512<>+40(SB)/8, $0x0000000b0000000a
DATA lanes512<>+48(SB)/8, $0x0000000d0000000c
DATA lanes512<>+56(SB)/8, $0x0000000f0000000e
GLOBL lanes512<>(SB), RODATA|NOPTR, $64

#define LINE(a0, a1, a2, a3, b0, b1, b2, b3, d0, d1, d2, d3, n) \
	VPADDD b0, a0, a0 \
	VPADDD b1, a1, a1 \
	VPADDD b2, a2, a2 \
	VPADDD b3, a3, a3 \
	VPXORD a0, d0, d0 \
	VPXORD a1, d1, d1 \
	VPXORD a2, d2, d2 \
	VPXORD a3, d3, d3 \
	VPROLD $n, d0, d0 \
	VPROLD $n, d1, d1 \
	VPROLD $n, d2, d2 \
	VPROLD $n, d3, d3

#define DROUND \
	LINE(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z12, Z13, Z14, Z15, 16) \
	LINE(Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15, Z4, Z5, Z6, Z7, 12) \
	LINE(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z12, Z13, Z14, Z15, 8) \
	LINE(Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15, Z4, Z5, Z6, Z7, 7) \
	LINE(Z0, Z1, Z2, Z3, Z5, Z6, Z7, Z4, Z15, Z12, Z13, Z14, 16) \
	LINE(Z10, Z11, Z8, Z9, Z15, Z12, Z13, Z14, Z5, Z6, Z7, Z4, 12) \
	LINE(Z0, Z1, Z2, Z3, Z5, Z6, Z7, Z4, Z15, Z12, Z13, Z14, 8) \
	LINE(Z10, Z11, Z8, Z9, Z15, Z12, Z13, Z14, Z5, Z6, Z7, Z4, 7)

// st in SI, counter vector Z31
#define CINIT \
	VPBROADCASTD 0(SI), Z0 \
	VPBROADCASTD 4(SI), Z1 \
	VPBROADCASTD 8(SI), Z2 \
	VPBROADCASTD 12(SI), Z3 \
	VPBROADCASTD 16(SI), Z4 \
	VPBROADCASTD 20(SI), Z5 \
	VPBROADCASTD 24(SI), Z6 \
	VPBROADCASTD 28(SI), Z7 \
	VPBROADCASTD 32(SI), Z8 \
	VPBROADCASTD 36(SI), Z9 \
	VPBROADCASTD 40(SI), Z10 \
	VPBROADCASTD 44(SI), Z11 \
	VMOVDQA32 Z31, Z12 \
	VPBROADCASTD 52(SI), Z13 \
	VPBROADCASTD 56(SI), Z14 \
	VPBROADCASTD 60(SI), Z15

#define CFINAL \
	VPADDD.BCST 0(SI), Z0, Z0 \
	VPADDD.BCST 4(SI), Z1, Z1 \
	VPADDD.BCST 8(SI), Z2, Z2 \
	VPADDD.BCST 12(SI), Z3, Z3 \
	VPADDD.BCST 16(SI), Z4, Z4 \
	VPADDD.BCST 20(SI), Z5, Z5 \
	VPADDD.BCST 24(SI), Z6, Z6 \
	VPADDD.BCST 28(SI), Z7, Z7 \
	VPADDD.BCST 32(SI), Z8, Z8 \
	VPADDD.BCST 36(SI), Z9, Z9 \
	VPADDD.BCST 40(SI), Z10, Z10 \
	VPADDD.BCST 44(SI), Z11, Z11 \
	VPADDD Z31, Z12, Z12 \
	VPADDD.BCST 52(SI), Z13, Z13 \
	VPADDD.BCST 56(SI), Z14, Z14 \
	VPADDD.BCST 60(SI), Z15, Z15

// Z27 keeps the least radius word; below 16 asks for the portable tail path.
#define TAILFLAG(ret) \
	VPCMPUD.BCST $1, K(25), Z27, K1 \
	KMOVW K1, AX \
	MOVL AX, ret

// Gaussian pair, in place at o(DI) and o+64(DI), in eight parts so that they
// can stand between cipher rounds. Z16-Z26, K1-K3.
//	1 words; 2 x, t, u; 3 m, y; 4 e, f; 3-6 log, sin, cos; 7 signed r; 8 products
#define G1(o) \
	VMOVDQU32 (o)(DI), Z23 \
	VMOVDQU32 (o+64)(DI), Z24 \
	VPMINUD Z23, Z27, Z27 \
	VCVTDQ2PS Z23, Z16 \
	VPSRLD $24, Z24, Z17 \
	VCVTDQ2PS Z17, Z17 \
	VBROADCASTSS K(14), Z18 \
	VPSLLD $10, Z24, Z20 \
	VFMADD132PS.BCST K(13), Z18, Z17 \
	VCVTDQ2PS Z20, Z20

#define G2 \
	VFMADD132PS.BCST K(12), Z17, Z16 \
	VPMOVD2M Z23, K1 \
	VBROADCASTSS K(11), Z19 \
	VFMADD132PS.BCST K(12), Z19, Z20 \
	VMOVAPS Z16, Z17 \
	VADDPS.BCST K(8), Z16, K1, Z17 \
	VBROADCASTSS K(15), Z21 \
	VBROADCASTSS K(19), Z22

#define G3 \
	VGETMANTPS $3, Z17, Z18 \
	VMULPS Z20, Z20, Z19 \
	VGETEXPPS Z17, Z25 \
	VPCMPUD.BCST $5, K(9), Z23, K2 \
	VGETEXPPS Z18, Z26 \
	VFMADD213PS.BCST K(16), Z19, Z21 \
	VFMADD213PS.BCST K(20), Z19, Z22 \
	VSUBPS.BCST K(8), Z18, Z18

#define G4 \
	VSUBPS Z26, Z25, Z25 \
	VMOVAPS Z16, K2, Z18 \
	VBROADCASTSS K(0), Z17 \
	VFMADD213PS.BCST K(1), Z18, Z17 \
	VFMADD213PS.BCST K(17), Z19, Z21 \
	VFMADD213PS.BCST K(21), Z19, Z22 \
	VFMADD213PS.BCST K(2), Z18, Z17

#define G5 \
	VFMADD213PS.BCST K(18), Z19, Z21 \
	VFMADD213PS.BCST K(22), Z19, Z22 \
	VFMADD213PS.BCST K(3), Z18, Z17 \
	VMULPS Z20, Z21, Z21 \
	VFMADD213PS.BCST K(8), Z19, Z22 \
	VFMADD213PS.BCST K(4), Z18, Z17

#define G6 \
	VPSLLD $9, Z24, Z20 \
	VFMADD213PS.BCST K(5), Z18, Z17 \
	VPTESTMD.BCST K(24), Z24, K3 \
	VFMADD213PS.BCST K(6), Z18, Z17 \
	VFMADD213PS.BCST K(7), Z18, Z17 \
	VFMADD213PS.BCST K(8), Z18, Z17

#define G7 \
	VFMADD213PS.BCST K(9), Z18, Z17 \
	VMULPS Z18, Z17, Z17 \
	VFMADD231PS.BCST K(10), Z25, Z17 \
	VSQRTPS Z17, Z17 \
	VPTERNLOGD.BCST $0x78, K(23), Z20, Z17

#define G8(o) \
	VMULPS Z17, Z21, Z21 \
	VMULPS Z17, Z22, Z22 \
	VBLENDMPS Z21, Z22, K3, Z16 \
	VBLENDMPS Z22, Z21, K3, Z18 \
	VMOVUPS Z16, (o)(DI) \
	VMOVUPS Z18, (o+64)(DI)

#define GMEM(o) \
	G1(o) \
	G2 \
	G3 \
	G4 \
	G5 \
	G6 \
	G7 \
	G8(o)

#define CSTORE(o) \
	VMOVDQU32 Z0, (o+0)(DI) \
	VMOVDQU32 Z1, (o+64)(DI) \
	VMOVDQU32 Z2, (o+128)(DI) \
	VMOVDQU32 Z3, (o+192)(DI) \
	VMOVDQU32 Z4, (o+256)(DI) \
	VMOVDQU32 Z5, (o+320)(DI) \
	VMOVDQU32 Z6, (o+384)(DI) \
	VMOVDQU32 Z7, (o+448)(DI) \
	VMOVDQU32 Z8, (o+512)(DI) \
	VMOVDQU32 Z9, (o+576)(DI) \
	VMOVDQU32 Z10, (o+640)(DI) \
	VMOVDQU32 Z11, (o+704)(DI) \
	VMOVDQU32 Z12, (o+768)(DI) \
	VMOVDQU32 Z13, (o+832)(DI) \
	VMOVDQU32 Z14, (o+896)(DI) \
	VMOVDQU32 Z15, (o+960)(DI)

// A double round of the cipher with one Gaussian pair between its lines.
#define DROUND1 \
	LINE(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z12, Z13, Z14, Z15, 16) \
	G1(0) \
	LINE(Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15, Z4, Z5, Z6, Z7, 12) \
	G2 \
	LINE(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z12, Z13, Z14, Z15, 8) \
	G3 \
	LINE(Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15, Z4, Z5, Z6, Z7, 7) \
	G4 \
	LINE(Z0, Z1, Z2, Z3, Z5, Z6, Z7, Z4, Z15, Z12, Z13, Z14, 16) \
	G5 \
	LINE(Z10, Z11, Z8, Z9, Z15, Z12, Z13, Z14, Z5, Z6, Z7, Z4, 12) \
	G6 \
	LINE(Z0, Z1, Z2, Z3, Z5, Z6, Z7, Z4, Z15, Z12, Z13, Z14, 8) \
	G7 \
	LINE(Z10, Z11, Z8, Z9, Z15, Z12, Z13, Z14, Z5, Z6, Z7, Z4, 7) \
	G8(0)

// func normalAVX512(dst *float32, state *[16]uint32, groups int) (tail uint32)
// Of the ten double rounds of a group, eight carry one of the eight vector pairs of the group before.
TEXT ·normalAVX512(SB), NOSPLIT, $0-28
	MOVQ dst+0(FP), DI
	MOVQ state+8(FP), SI
	MOVQ groups+16(FP), CX
	LEAQ noise512<>(SB), R10
	VPTERNLOGD $0xff, Z27, Z27, Z27
	VPBROADCASTD 48(SI), Z31
	VPADDD lanes512<>(SB), Z31, Z31
	MOVL $16, AX
	VPBROADCASTD AX, Z30
	CINIT
	MOVL $10, BX
first:
	DROUND
	DECL BX
	JNZ first
	CFINAL
	VPADDD Z30, Z31, Z31
	CSTORE(0)
	DECQ CX
	JZ last
group:
	CINIT
	MOVL $8, BX
mixed:
	DROUND1
	ADDQ $128, DI
	DECL BX
	JNZ mixed
	DROUND
	DROUND
	CFINAL
	VPADDD Z30, Z31, Z31
	CSTORE(0)
	DECQ CX
	JNZ group
last:
	MOVL $8, CX
pairs:
	GMEM(0)
	ADDQ $128, DI
	DECQ CX
	JNZ pairs
	TAILFLAG(tail+24(FP))
	VZEROUPPER
	RET

// func pairsAVX512(dst *float32, groups int) (tail uint32)
TEXT ·pairsAVX512(SB), NOSPLIT, $0-20
	MOVQ dst+0(FP), DI
	MOVQ groups+8(FP), CX
	LEAQ noise512<>(SB), R10
	VPTERNLOGD $0xff, Z27, Z27, Z27
	SHLQ $3, CX
pair:
	GMEM(0)
	ADDQ $128, DI
	DECQ CX
	JNZ pair
	TAILFLAG(tail+16(FP))
	VZEROUPPER
	RET
