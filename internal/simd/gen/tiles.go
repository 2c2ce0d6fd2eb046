package main

import "fmt"

// Offsets of the fields of tileArgs in ../tile_amd64.go.
const (
	argA, argB, argC, argFrom                    = 0, 8, 16, 24
	argRowA, argStepA, argRunA, argLineA         = 32, 40, 48, 56
	argStepB, argRowC, argLineC                  = 64, 72, 80
	argRowFrom, argLineFrom                      = 88, 96
	argK, argRuns, argLines, argKernel, argMask  = 104, 112, 120, 128, 136
	argRunsLeft, argLinesLeft, argFromNow, argTl = 144, 152, 160, 168
)

// tiles prints one kernel per tile size, masked in its last vector or not, and the function that jumps to one of them.
//
// A kernel computes, for every line, row and column of its tile,
//
//	c[line][row][col] = from[line][row][col] + Σ_{run,k} a[line][row][run][k]·b[run·K+k][col]
//
// as one chain per element. All distances in a, c and from are given at run time, so that the same kernels serve plain
// and transposed products (k or row is the short distance), packed or not, and convolutions (rows and runs overlap).
func (s *isa) tiles() {
	n := 0
	for nv := 1; nv <= 2; nv++ {
		for rows := 1; rows <= s.rows[nv]; rows++ {
			for _, masked := range []bool{false, true} {
				name := fmt.Sprintf("tile%s_%dx%d", s.tag, rows, nv)
				if masked {
					name += "m"
				}
				s.tile(name, rows, nv, masked)
				s.p("DATA tiles%s<>+%d(SB)/8, $%s<>(SB)", s.tag, 8*n, name)
				n++
			}
		}
	}
	s.p("GLOBL tiles%s<>(SB), NOPTR, $%d", s.tag, 8*n)
	s.f("tile", "t *tileArgs", "t BX")
	s.p("\tMOVQ %d(BX), AX\n\tLEAQ tiles%s<>(SB), CX\n\tMOVQ (CX)(AX*8), AX\n\tJMP AX", argKernel, s.tag)
}

func (s *isa) tile(name string, rows, nv int, masked bool) {
	width := 4 * s.lanes
	b := s.regs - nv // registers of a row of b
	if masked && s.tag == "256" {
		b-- // the highest is the mask
	}
	temps := b - rows*nv // registers for values of a
	last := func(v int) bool { return masked && v == nv-1 }
	eachRow := func(f func(acc, at int, last bool)) {
		for v := range nv {
			f(v, width*v, last(v))
		}
	}
	s.p("\nTEXT %s<>(SB), NOSPLIT, $0-0", name)
	if masked && s.tag == "512" {
		s.p("\tMOVQ %d(BX), AX\n\tKMOVW AX, K1", argMask)
	} else if masked {
		s.p("\tMOVQ %d(BX), CX", argTl)
		s.mask()
	}
	s.p("\tMOVQ %d(BX), SI\n\tMOVQ %d(BX), DX\n\tMOVQ %d(BX), R14\n\tMOVQ %d(BX), R15", argA, argC, argStepA, argStepB)
	s.p("\tMOVQ %d(BX), AX\n\tMOVQ AX, %d(BX)\n\tMOVQ %d(BX), AX\n\tMOVQ AX, %d(BX)", argLines, argLinesLeft, argFrom, argFromNow)
	s.p("line:\n\tMOVQ %d(BX), R9", argFromNow)
	for r := range rows {
		eachRow(func(v, at int, last bool) { s.load(fmt.Sprintf("%d(R9)", at), r*nv+v, last) })
		if r < rows-1 {
			s.p("\tADDQ %d(BX), R9", argRowFrom)
		}
	}
	s.p("\tMOVQ %d(BX), R8\n\tLEAQ (R8)(R8*2), R9\n\tLEAQ (R8)(R8*4), R10\n\tLEAQ (R9)(R8*4), R11", argRowA)
	s.p("\tMOVQ SI, R13\n\tMOVQ %d(BX), DI\n\tMOVQ %d(BX), AX\n\tMOVQ AX, %d(BX)", argB, argRuns, argRunsLeft)
	s.p("run:\n\tMOVQ R13, AX\n\tMOVQ %d(BX), CX", argK)
	if rows > 8 {
		s.p("\tLEAQ (R13)(R8*8), R12")
	}
	s.p("\tPCALIGN $32\nk:")
	index := []string{"", "(R8*1)", "(R8*2)", "(R9*1)", "(R8*4)", "(R10*1)", "(R9*2)", "(R11*1)"}
	for v := range nv {
		s.load(fmt.Sprintf("%d(DI)", width*v), b+v, last(v))
	}
	for r := range rows {
		at := "(AX)" + index[r%8]
		if r >= 8 {
			at = "(R12)" + index[r%8]
		}
		if nv == 1 && s.tag == "512" {
			s.op("VFMADD231PS.BCST", at, b, r)
			continue
		}
		t := rows*nv + r%temps
		s.op("VBROADCASTSS", at, t)
		for v := range nv {
			s.op("VFMADD231PS", b+v, t, r*nv+v)
		}
	}
	s.p("\tADDQ R14, AX")
	if rows > 8 {
		s.p("\tADDQ R14, R12")
	}
	s.p("\tADDQ R15, DI\n\tDECQ CX\n\tJNZ k")
	s.p("\tADDQ %d(BX), R13\n\tDECQ %d(BX)\n\tJNZ run", argRunA, argRunsLeft)
	s.p("\tMOVQ DX, R9")
	for r := range rows {
		eachRow(func(v, at int, last bool) { s.store(r*nv+v, fmt.Sprintf("%d(R9)", at), last) })
		if r < rows-1 {
			s.p("\tADDQ %d(BX), R9", argRowC)
		}
	}
	s.p("\tADDQ %d(BX), SI\n\tADDQ %d(BX), DX\n\tMOVQ %d(BX), AX\n\tADDQ AX, %d(BX)\n\tDECQ %d(BX)\n\tJNZ line", argLineA, argLineC, argLineFrom, argFromNow, argLinesLeft)
	s.ret()
}
