//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package run

import (
	"errors"
	"os"
	"runtime"
	"syscall"
)

// lock is a file that exists while its process works. It outlives a killed process, so its id is looked up; between
// that and taking the file over, two processes that start together could both pass. Systems with flock do not have
// this gap.
type lock struct{ f *os.File }

func acquire(path, dir string) (*lock, error) {
	for range 2 {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
		if err == nil {
			if err := writePID(f); err != nil {
				f.Close()
				os.Remove(path)
				return nil, writeError(path, err)
			}
			return &lock{f}, nil
		}
		if !errors.Is(err, os.ErrExist) {
			return nil, writeError(path, err)
		}
		if pid := readPID(path); pid == 0 || alive(pid) {
			return nil, &LockedError{Dir: dir, PID: pid}
		}
		if err := os.Remove(path); err != nil {
			return nil, writeError(path, err)
		}
	}
	return nil, &LockedError{Dir: dir, PID: readPID(path)}
}

func alive(pid int) bool {
	p, err := os.FindProcess(pid) // Windows: fails if there is no such process
	if err != nil {
		return false
	}
	defer p.Release()
	return runtime.GOOS == "windows" || p.Signal(syscall.Signal(0)) == nil
}

// release closes first: Windows does not remove an open file.
func (l *lock) release() error {
	return errors.Join(l.f.Close(), os.Remove(l.f.Name()))
}
