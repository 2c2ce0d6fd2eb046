package main

import (
	"fmt"
	"strings"
)

// each prints a loop over CX elements: sources are loaded to registers 0, 1, ..., body leaves the result in register 0,
// which goes to the address in DI. Sources and DI advance. The rest of less than a register runs masked.
func (s *isa) each(sources []string, body func()) {
	loop, tail, done := s.label(), s.label(), s.label()
	round := func(masked bool) {
		for i, a := range sources {
			s.load("("+a+")", i, masked)
		}
		body()
		s.store(0, "(DI)", masked)
	}
	s.p("%s:\n\tCMPQ CX, $%d\n\tJLT %s", loop, s.lanes, tail)
	round(false)
	seen := map[string]bool{}
	for _, a := range append(sources, "DI") {
		if !seen[a] {
			s.p("\tADDQ $%d, %s", 4*s.lanes, a)
		}
		seen[a] = true
	}
	s.p("\tSUBQ $%d, CX\n\tJMP %s\n%s:\n\tTESTQ CX, CX\n\tJZ %s", s.lanes, loop, tail, done)
	s.mask()
	round(true)
	s.p("%s:", done)
}

func (s *isa) elements() {
	s.f("tanh", "dst, x *float32, n int", "dst DI", "x SI", "n CX")
	s.each([]string{"SI"}, s.tanh)
	s.ret()

	s.f("tanhGrad", "dst, dy, y *float32, n int", "dst DI", "dy DX", "y SI", "n CX")
	s.broadcast("one", 4)
	s.each([]string{"DX", "SI"}, func() {
		s.op("VFNMADD213PS", 4, 1, 1) // 1 − y²
		s.op("VMULPS", 1, 0, 0)
	})
	s.ret()

	s.f("relu", "dst, x *float32, n int", "dst DI", "x SI", "n CX")
	s.zero(4)
	s.each([]string{"SI"}, func() { s.op("VMAXPS", 0, 4, 0) }) // a NaN in the first operand of this notation wins
	s.ret()

	s.f("reluGrad", "dst, dy, y *float32, n int", "dst DI", "dy DX", "y SI", "n CX")
	s.zero(4)
	s.each([]string{"DX", "SI"}, func() { // not y ≤ 0: true for NaN
		if s.tag == "512" {
			s.op("VCMPPS", "$0x16", 4, 1, "K2")
			s.op("VMOVAPS.Z", 0, "K2", 0)
			return
		}
		s.op("VCMPPS", "$0x16", 4, 1, 1)
		s.op("VANDPS", 1, 0, 0)
	})
	s.ret()

	s.f("axpy", "y, x, alpha *float32, n int", "y DI", "x SI", "alpha DX", "n CX")
	s.op("VBROADCASTSS", "(DX)", 4)
	s.each([]string{"DI", "SI"}, func() { s.op("VFMADD231PS", 1, 4, 0) })
	s.ret()

	s.f("scale", "x, alpha *float32, n int", "x DI", "alpha DX", "n CX")
	s.op("VBROADCASTSS", "(DX)", 4)
	s.each([]string{"DI"}, func() { s.op("VMULPS", 4, 0, 0) })
	s.ret()

	s.weightedRowSum()
	s.sumSquares()
	s.peak()
}

func (s *isa) broadcast(constant string, r int) {
	s.op("VBROADCASTSS", s.constant(constant), r)
}

// tanh: register 0 becomes its tanh; 1 to 5 are used.
//
// With x within ±10 (beyond, tanh is 1 in float32), 2x = a·ln2 + 2r, p = e^{2r} − 1 by a polynomial and s = 2^a:
//
//	tanh x = (e^{2x} − 1) / (e^{2x} + 1) = q / (q + 2),   q = e^{2x} − 1 = s·p + (s − 1)
func (s *isa) tanh() {
	s.broadcast("high", 5)
	s.op("VMINPS", 0, 5, 0) // this order of operands keeps NaN
	s.broadcast("low", 5)
	s.op("VMAXPS", 0, 5, 0)
	s.opc("VMULPS", "2log2e", 0, 1)
	if s.tag == "512" {
		s.op("VRNDSCALEPS", "$8", 1, 1)
	} else {
		s.op("VROUNDPS", "$8", 1, 1)
	}
	s.opc("VFNMADD231PS", "halfln2", 1, 0)
	s.broadcast("t6", 2)
	for _, c := range []string{"t5", "t4", "t3", "t2", "t1"} {
		s.opc("VFMADD213PS", c, 0, 2)
	}
	s.op("VMULPS", 0, 2, 2)
	s.broadcast("one", 3)
	if s.tag == "512" {
		s.op("VSCALEFPS", 1, 3, 3)
	} else {
		s.op("VCVTPS2DQ", 1, 1)
		s.op("VPSLLD", "$23", 1, 1)
		s.op("VPADDD", 1, 3, 3)
	}
	s.opc("VADDPS", "minusone", 3, 1)
	s.op("VFMADD213PS", 1, 3, 2)
	s.opc("VADDPS", "two", 2, 1)
	s.op("VDIVPS", 1, 2, 0)
}

// weightedRowSum: dst += Σ_r f[r]·src[r], eight registers at a time, then one, then the rest.
func (s *isa) weightedRowSum() {
	s.f("weightedRowSum", "dst, src, f *float32, n, rows, stride int", "dst DI", "src SI", "f DX", "n R8", "rows R9", "stride R10")
	block := func(n int, masked bool) {
		l := s.label()
		for q := range n {
			s.load(fmt.Sprintf("%d(DI)", 4*s.lanes*q), q, masked)
		}
		s.p("\tMOVQ SI, R11\n\tMOVQ DX, BX\n\tMOVQ R9, CX\n%s:", l)
		s.op("VBROADCASTSS", "(BX)", 8)
		for q := range n {
			at := fmt.Sprintf("%d(R11)", 4*s.lanes*q)
			if masked {
				s.load(at, 9, true)
				s.op("VFMADD231PS", 9, 8, q)
			} else {
				s.op("VFMADD231PS", at, 8, q)
			}
		}
		s.p("\tADDQ R10, R11\n\tADDQ $4, BX\n\tDECQ CX\n\tJNZ %s", l)
		for q := range n {
			s.store(q, fmt.Sprintf("%d(DI)", 4*s.lanes*q), masked)
		}
		s.p("\tADDQ $%d, DI\n\tADDQ $%d, SI", 4*s.lanes*n, 4*s.lanes*n)
	}
	s.p("eight:\n\tCMPQ R8, $%d\n\tJLT one", 8*s.lanes)
	block(8, false)
	s.p("\tSUBQ $%d, R8\n\tJMP eight\none:\n\tCMPQ R8, $%d\n\tJLT tail", 8*s.lanes, s.lanes)
	block(1, false)
	s.p("\tSUBQ $%d, R8\n\tJMP one\ntail:\n\tTESTQ R8, R8\n\tJZ done\n\tMOVQ R8, CX", s.lanes)
	s.mask()
	block(1, true)
	s.p("done:")
	s.ret()
}

// sumSquares: four registers of partial sums; vector i goes to sum i mod 4 within whole groups, the rest to sum 0.
func (s *isa) sumSquares() {
	s.f("sumSquares", "x *float32, n int, out *float32", "x SI", "n CX", "out DX")
	for q := range 4 {
		s.zero(q)
	}
	s.p("four:\n\tCMPQ CX, $%d\n\tJLT one", 4*s.lanes)
	for q := range 4 {
		s.load(fmt.Sprintf("%d(SI)", 4*s.lanes*q), 4+q, false)
		s.op("VFMADD231PS", 4+q, 4+q, q)
	}
	s.p("\tADDQ $%d, SI\n\tSUBQ $%d, CX\n\tJMP four", 16*s.lanes, 4*s.lanes)
	s.p("one:\n\tCMPQ CX, $%d\n\tJLT tail", s.lanes)
	s.load("(SI)", 4, false)
	s.op("VFMADD231PS", 4, 4, 0)
	s.p("\tADDQ $%d, SI\n\tSUBQ $%d, CX\n\tJMP one\ntail:\n\tTESTQ CX, CX\n\tJZ done", 4*s.lanes, s.lanes)
	s.mask()
	s.load("(SI)", 4, true)
	s.op("VFMADD231PS", 4, 4, 0)
	s.p("done:")
	s.op("VADDPS", 1, 0, 0)
	s.op("VADDPS", 3, 2, 2)
	s.op("VADDPS", 2, 0, 0)
	s.reduce("VADDPS", 0, 1)
	s.p("\tVMOVSS X0, (DX)")
	s.ret()
}

// peak: n rounds of independent multiply-adds, as many as the machine can want.
func (s *isa) peak() {
	s.f("peak", "n int", "n CX")
	for r := range s.regs {
		s.zero(r)
	}
	s.p("l:")
	for r := range s.regs * 3 / 4 {
		s.op("VFMADD231PS", s.regs-1, s.regs-2, r)
	}
	s.p("\tDECQ CX\n\tJNZ l")
	s.ret()
}

// copyRows copies rows of n values; distances in bytes. Rows that packing reads lie pages apart, where the machine does
// not fetch ahead by itself: the row eight further on is asked for by hand (a prefetch past the end does no harm).
func (s *isa) copyRows() {
	s.f("copyRows", "dst, src *float32, rows, n, toDst, toSrc int", "dst DX", "src BX", "rows R8", "n R9", "toDst R10", "toSrc R11")
	s.p("row:\n\tPREFETCHT0 (BX)(R11*8)\n\tPREFETCHT0 64(BX)(R11*8)\n\tMOVQ DX, DI\n\tMOVQ BX, SI\n\tMOVQ R9, CX")
	s.each([]string{"SI"}, func() {})
	s.p("\tADDQ R10, DX\n\tADDQ R11, BX\n\tDECQ R8\n\tJNZ row")
	s.ret()
}

// transpose writes rows×cols (each 1 to 16) of src as cols×rows of dst; distances in bytes.
func (s *isa) transpose() {
	s.f("transpose", "dst, src *float32, rows, cols, toDst, toSrc int", "dst DI", "src SI", "rows R10", "cols R11", "toDst R9", "toSrc R8")
	s.p("\tMOVQ R11, CX\n\tMOVL $1, AX\n\tSHLL CX, AX\n\tDECL AX\n\tKMOVW AX, K1")
	s.p("\tMOVQ R10, CX\n\tMOVL $1, AX\n\tSHLL CX, AX\n\tDECL AX\n\tKMOVW AX, K2")
	for r := range 16 { // rows past the last read the last again; the store masks them
		s.op("VMOVUPS.Z", "(SI)", "K1", r)
		s.p("\tLEAQ (SI)(R8*1), AX\n\tCMPQ R10, $%d\n\tCMOVQGT AX, SI", r+1)
	}
	for i := 0; i < 16; i += 2 {
		s.op("VUNPCKLPS", i+1, i, 16+i)
		s.op("VUNPCKHPS", i+1, i, 17+i)
	}
	for g := 0; g < 16; g += 4 {
		s.op("VUNPCKLPD", 16+g+2, 16+g, g)
		s.op("VUNPCKHPD", 16+g+2, 16+g, g+1)
		s.op("VUNPCKLPD", 16+g+3, 16+g+1, g+2)
		s.op("VUNPCKHPD", 16+g+3, 16+g+1, g+3)
	}
	for c := range 4 {
		for h, imm := range []string{"$0x88", "$0xDD"} {
			s.op("VSHUFF32X4", imm, 4+c, c, 16+4*c+2*h)
			s.op("VSHUFF32X4", imm, 12+c, 8+c, 17+4*c+2*h)
		}
	}
	for i := range 16 {
		imm, a := "$0x88", 16+4*(i%4)+2*(i/4%2)
		if i >= 8 {
			imm = "$0xDD"
		}
		s.op("VSHUFF32X4", imm, a+1, a, 0)
		s.op("VMOVUPS", 0, "K2", "(DI)")
		s.p("\tADDQ R9, DI\n\tDECQ R11\n\tJZ done")
	}
	s.p("done:")
	s.ret()
}

// softmax of one row: dz = softmax(z)·Σt − t, and out = Σe^{z−top}, Σt, Σt·(z−top).
func (s *isa) softmax() {
	s.f("softmax", "z, t, dz *float32, n int, out *float32", "z SI", "t DX", "dz DI", "n R8", "out BX")
	s.p("\tMOVL $0xFF800000, AX\n\tVPBROADCASTD AX, Z20\n\tMOVQ SI, R9\n\tMOVQ R8, CX")
	loop := func(body func(masked bool), step ...string) {
		l, tail, done := s.label(), s.label(), s.label()
		s.p("%s:\n\tCMPQ CX, $16\n\tJLT %s", l, tail)
		body(false)
		s.p("\t%s\n\tSUBQ $16, CX\n\tJMP %s\n%s:\n\tTESTQ CX, CX\n\tJZ %s", strings.Join(step, "\n\t"), l, tail, done)
		s.mask()
		body(true)
		s.p("%s:", done)
	}
	loop(func(masked bool) {
		if masked {
			s.op("VMAXPS", "(R9)", 20, "K1", 20)
		} else {
			s.op("VMAXPS", "(R9)", 20, 20)
		}
	}, "ADDQ $64, R9")
	s.reduce("VMAXPS", 20, 1)
	s.op("VBROADCASTSS", "X20", 20)
	s.broadcast("explow", 19)
	for r := 21; r <= 24; r++ {
		s.zero(r)
	}
	s.p("\tMOVQ SI, R9\n\tMOVQ DX, R10\n\tMOVQ DI, R11\n\tMOVQ R8, CX")
	loop(func(masked bool) {
		s.load("(R9)", 0, masked)
		s.load("(R10)", 5, masked)
		s.op("VSUBPS", 20, 0, 0)
		s.op("VADDPS", 5, 22, 22)
		s.op("VCMPPS", "$4", 24, 5, "K2")
		s.op("VFMADD231PS", 0, 5, "K2", 23)
		s.exp()
		if masked {
			s.op("VADDPS", 2, 21, "K1", 21)
		} else {
			s.op("VADDPS", 2, 21, 21)
		}
		s.store(2, "(R11)", masked)
	}, "ADDQ $64, R9", "ADDQ $64, R10", "ADDQ $64, R11")
	for r := 21; r <= 23; r++ {
		s.reduce("VADDPS", r, 1)
		s.p("\tVMOVSS X%d, %d(BX)", r, 4*(r-21))
	}
	s.p("\tVDIVSS X21, X22, X22\n\tVBROADCASTSS X22, Z22\n\tMOVQ R8, CX")
	loop(func(masked bool) {
		s.load("(DI)", 0, masked)
		s.load("(DX)", 1, masked)
		s.op("VFMSUB213PS", 1, 22, 0)
		s.store(0, "(DI)", masked)
	}, "ADDQ $64, DX", "ADDQ $64, DI")
	s.ret()
}

// exp: register 2 = e^(register 0), for values ≤ 0; 1 is used, 19 is −104, below which the result is 0. NaN stays.
func (s *isa) exp() {
	s.op("VMAXPS", 0, 19, 0)
	s.opc("VMULPS", "log2e", 0, 1)
	s.op("VRNDSCALEPS", "$8", 1, 1)
	s.opc("VFNMADD231PS", "ln2hi", 1, 0)
	s.opc("VFNMADD231PS", "ln2lo", 1, 0)
	s.broadcast("e6", 2)
	for _, c := range []string{"e5", "e4", "e3", "e2", "e1", "one"} {
		s.opc("VFMADD213PS", c, 0, 2)
	}
	s.op("VSCALEFPS", 1, 2, 2)
}

// Offsets of the fields of poolArgs in ../vector_amd64.go.
const poolCols, poolC, poolKH, poolKW, poolStep, poolRow, poolPixel = 0, 8, 16, 24, 32, 40, 48

// pools: one line of outputs. For 16 channels at a time, all places of the window.
func (s *isa) pools() {
	window := func(body func()) { // R10 walks over the places, Z2 counts them
		s.op("VPXORD", 2, 2, 2)
		s.p("\tMOVQ AX, R11\n\tMOVQ %d(R8), R12\nkh:\n\tMOVQ R11, R10\n\tMOVQ %d(R8), R13\nkw:", poolKH, poolKW)
		body()
		s.op("VPADDD.BCST", "integers512<>+0(SB)", 2, 2)
		s.p("\tADDQ %d(R8), R10\n\tDECQ R13\n\tJNZ kw\n\tADDQ %d(R8), R11\n\tDECQ R12\n\tJNZ kh", poolPixel, poolRow)
	}
	channels := func(first, after func(), windowBody func()) {
		s.p("\tMOVQ %d(R8), R15\nout:\n\tMOVQ SI, AX\n\tMOVQ %d(R8), R9", poolCols, poolC)
		s.p("chan:\n\tMOVL $16, CX\n\tCMPQ R9, CX\n\tCMOVQLT R9, CX\n\tMOVL $1, R14\n\tSHLL CX, R14\n\tDECL R14\n\tKMOVW R14, K1")
		first()
		window(windowBody)
		after()
		s.p("\tLEAQ (DI)(CX*4), DI\n\tADDQ CX, BX\n\tADDQ $64, AX\n\tSUBQ $16, R9\n\tJGT chan")
		s.p("\tADDQ %d(R8), SI\n\tDECQ R15\n\tJNZ out", poolStep)
		s.ret()
	}
	// square: windows of 2×2 over whole registers of channels, without loops over places and without masks.
	square := func(label string, body func()) {
		s.p("\tCMPQ %d(R8), $2\n\tJNE %s\n\tCMPQ %d(R8), $2\n\tJNE %s\n\tMOVQ %d(R8), R9\n\tTESTQ $15, R9\n\tJNZ %s", poolKH, label, poolKW, label, poolC, label)
		for i, r := range []string{"R10", "R11"} { // one pixel, one line further
			s.p("\tMOVQ %d(R8), %s", []int{poolPixel, poolRow}[i], r)
		}
		s.p("\tLEAQ (R10)(R11*1), R12\n\tMOVQ %d(R8), R15\n\tMOVQ %d(R8), R13", poolCols, poolStep)
		for r, v := range []int{1, 2, 3} {
			s.p("\tMOVL $%d, AX\n\tVPBROADCASTD AX, Z%d", v, 17+r)
		}
		s.p("\tSHRQ $4, R9\n%sout:\n\tMOVQ SI, AX\n\tMOVQ R9, CX\n%schan:", label, label)
		body()
		s.p("\tADDQ $64, AX\n\tADDQ $64, DI\n\tADDQ $16, BX\n\tDECQ CX\n\tJNZ %schan\n\tADDQ R13, SI\n\tDECQ R15\n\tJNZ %sout", label, label)
		s.ret()
		s.p("%s:", label)
	}
	places := []string{"(AX)", "(AX)(R10*1)", "(AX)(R11*1)", "(AX)(R12*1)"}
	s.f("maxPool", "x, y *float32, arg *uint8, d *poolArgs", "x SI", "y DI", "arg BX", "d R8")
	square("any", func() { // the better of each line, then of the two; "better" as below
		for r, at := range places {
			s.op("VMOVUPS", at, r)
		}
		better := func(a, b int, k string) {
			s.op("VCMPPS", "$7", a, a, "K2")
			s.op("VCMPPS", "$0x16", a, b, "K2", k)
			s.op("VMOVAPS", b, k, a)
		}
		better(0, 1, "K3")
		better(2, 3, "K4")
		better(0, 2, "K5")
		s.op("VMOVDQA32.Z", 17, "K3", 4)
		s.op("VMOVDQA32", 18, 5)
		s.op("VMOVDQA32", 19, "K4", 5)
		s.op("VMOVDQA32", 5, "K5", 4)
		s.op("VMOVUPS", 0, "(DI)")
		s.p("\tVPMOVDB Z4, X4\n\tVMOVDQU X4, (BX)")
	})
	channels(func() {
		s.op("VMOVUPS.Z", "(AX)", "K1", 0)
		s.op("VPXORD", 1, 1, 1)
	}, func() {
		s.op("VMOVUPS", 0, "K1", "(DI)")
		s.p("\tVPMOVDB Z1, X1\n\tVMOVDQU8 X1, K1, (BX)")
	}, func() { // best is no NaN, and not x ≤ best
		s.op("VMOVUPS.Z", "(R10)", "K1", 3)
		s.op("VCMPPS", "$7", 0, 0, "K2")
		s.op("VCMPPS", "$0x16", 0, 3, "K2", "K3")
		s.op("VMOVAPS", 3, "K3", 0)
		s.op("VMOVDQA32", 2, "K3", 1)
	})
	s.f("maxPoolGrad", "dx, dy *float32, arg *uint8, d *poolArgs", "dx SI", "dy DI", "arg BX", "d R8")
	square("any", func() {
		s.op("VMOVUPS", "(DI)", 0)
		s.op("VPMOVZXBD", "(BX)", 1)
		s.op("VPTESTNMD", 1, 1, "K2")
		for r := 17; r <= 19; r++ {
			s.op("VPCMPEQD", r, 1, fmt.Sprint("K", r-14))
		}
		for r, at := range places {
			s.op("VMOVUPS", at, 2)
			s.op("VADDPS", 0, 2, fmt.Sprint("K", r+2), 2)
			s.op("VMOVUPS", 2, at)
		}
	})
	channels(func() {
		s.op("VMOVUPS.Z", "(DI)", "K1", 0)
		s.op("VPMOVZXBD.Z", "(BX)", "K1", 1)
	}, func() {}, func() {
		s.op("VPCMPEQD", 2, 1, "K1", "K3")
		s.op("VMOVUPS.Z", "(R10)", "K1", 3)
		s.op("VADDPS", 0, 3, "K3", 3)
		s.op("VMOVUPS", 3, "K1", "(R10)")
	})
}
