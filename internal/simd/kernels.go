package simd

import (
	"strings"

	"hush/internal/check"
)

// Kernels is one path through the machine: a set of float32 kernels that all belong to one instruction set.
// It is immutable and safe for concurrent use; the zero value is the portable path.
type Kernels struct {
	level level
}

// Select returns the kernels of a path: "auto" (the fastest that this machine has; portable in builds with the race
// detector, which does not see assembly), "avx512", "avx2" or "portable". Another name, or a path that this machine
// lacks, is an error that lists the possible ones.
func Select(name string) (*Kernels, error) {
	best := detect()
	if name == "auto" {
		if raceBuild {
			best = levelPortable
		}
		return &Kernels{level: best}, nil
	}
	possible := []string{"auto"}
	for l := best; l >= levelPortable; l-- {
		if l.String() == name {
			return &Kernels{level: l}, nil
		}
		possible = append(possible, l.String())
	}
	return nil, check.Fail("simd", "kernel path", `"`+name+`"`, "must be one of "+strings.Join(possible, ", ")+" on this machine")
}

// Name is "avx512", "avx2" or "portable": what a run records, since the bits of a result depend on it.
func (k *Kernels) Name() string { return k.level.String() }
