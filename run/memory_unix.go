//go:build unix

package run

import (
	"runtime"
	"syscall"
)

// PeakMemory is the most memory the process has held, in bytes; 0 if the system does not tell.
func PeakMemory() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	peak := int64(u.Maxrss)
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return peak // bytes there, kibibytes elsewhere
	}
	return peak * 1024
}
