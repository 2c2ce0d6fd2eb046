//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package run

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// lock is an advisory lock on a file. The system drops it when its process ends, however it ends, so a dead
// process's lock is none: the id left in the file is overwritten.
type lock struct{ f *os.File }

// acquire takes the lock at path for the folder dir, or returns a *LockedError at once.
func acquire(path, dir string) (*lock, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, fileMode)
		if err != nil {
			return nil, writeError(path, err)
		}
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			f.Close()
			if errors.Is(err, syscall.EWOULDBLOCK) {
				return nil, &LockedError{Dir: dir, PID: readPID(path)}
			}
			return nil, writeError(path, err)
		}
		// Between open and lock the last owner may have removed the file: what is locked must still be at path.
		here, err1 := f.Stat()
		there, err2 := os.Stat(path)
		if err1 != nil || err2 != nil || !os.SameFile(here, there) {
			f.Close()
			continue
		}
		if err := writePID(f); err != nil {
			os.Remove(path)
			f.Close()
			return nil, writeError(path, err)
		}
		return &lock{f}, nil
	}
}

// release removes the file, while it is still locked, and lets go.
func (l *lock) release() error {
	return errors.Join(os.Remove(filepath.Clean(l.f.Name())), l.f.Close())
}
