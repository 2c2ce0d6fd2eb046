package run

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// LockedError says that another process works in a run folder.
type LockedError struct {
	Dir string
	PID int // 0 if it could not be read
}

func (e *LockedError) Error() string {
	switch {
	case e.PID == os.Getpid():
		return fmt.Sprintf("run: %s is in use by this very process", e.Dir)
	case e.PID == 0:
		return fmt.Sprintf("run: %s is in use by another process", e.Dir)
	}
	return fmt.Sprintf("run: %s is in use by process %d", e.Dir, e.PID)
}

// writePID makes f hold this process's id and nothing else. Only the owner of the lock calls it.
func writePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// readPID returns the id in the lock file, or 0.
func readPID(path string) int {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid < 0 {
		return 0
	}
	return pid
}
