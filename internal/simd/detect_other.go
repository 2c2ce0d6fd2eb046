//go:build !amd64

package simd

// detect returns the only level that machines without our assembly have.
func detect() level { return levelPortable }
