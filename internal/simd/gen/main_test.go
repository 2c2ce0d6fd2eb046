package main

import (
	"os"
	"path/filepath"
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
