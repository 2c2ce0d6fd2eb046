package simd

import "golang.org/x/sys/cpu"

// detect returns the highest level of this machine and of its operating system.
func detect() level {
	x := &cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasFMA:
		return levelPortable
	case x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX512DQ:
		return levelAVX512
	}
	return levelAVX2
}
