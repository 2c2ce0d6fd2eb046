package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The committed assembly is what the generator prints.
func TestGeneratedFiles(t *testing.T) {
	for name, want := range files() {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Error(err)
		} else if string(got) != want {
			t.Errorf("%s differs from the generator's text: run go generate in internal/simd", name)
		}
	}
}

// A machine with AVX2 only may not meet an instruction that needs more.
func TestAVX2NeedsNoMore(t *testing.T) {
	more := regexp.MustCompile(`\bZ\d|\bK[0-7]\b|X(1[6-9]|[23]\d)\b|Y(1[6-9]|[23]\d)\b|BCST|RNDSCALE|SCALEF`)
	for i, line := range strings.Split(files()["avx2_amd64.s"], "\n") {
		if more.MatchString(line) {
			t.Errorf("line %d: %s", i+1, line)
		}
	}
}
