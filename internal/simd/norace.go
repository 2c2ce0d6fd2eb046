//go:build !race

package simd

// raceBuild tells builds with the race detector, in which "auto" means the portable path.
const raceBuild = false
