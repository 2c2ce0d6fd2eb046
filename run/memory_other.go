//go:build !unix

package run

// PeakMemory is the most memory the process has held, in bytes; 0 if the system does not tell.
func PeakMemory() int64 { return 0 }
