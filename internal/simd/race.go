//go:build race

package simd

const raceBuild = true
