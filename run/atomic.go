package run

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Modes of everything in a run folder: it holds what was computed from private records.
const (
	dirMode  = 0o700
	fileMode = 0o600
)

// tempPrefix marks files that were being written; one that is found later belongs to a process that died.
const tempPrefix = ".tmp-"

// file is what replace needs of *os.File; tests put faults in.
type file interface {
	io.Writer
	Name() string
	Sync() error
	Close() error
}

func createTemp(dir string) (file, error) { return os.CreateTemp(dir, tempPrefix+"*") }

// WriteFile makes path hold what write produces, or leaves it as it was: a temporary file beside it is written,
// synced and renamed over it, and the folder synced. After an error no temporary file stays behind.
func WriteFile(path string, write func(io.Writer) error) error {
	return replace(path, write, createTemp)
}

func replace(path string, write func(io.Writer) error, create func(dir string) (file, error)) error {
	dir := filepath.Dir(path)
	f, err := create(dir) // mode 0600
	if err != nil {
		return writeError(path, err)
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name()) // best effort: the error that matters is the first
		return writeError(path, err)
	}
	if err := syncDir(dir); err != nil {
		return writeError(path, err)
	}
	return nil
}

// writeError names the file that was asked for, not the temporary one, on one line.
func writeError(path string, err error) error {
	if p := (*os.PathError)(nil); errors.As(err, &p) {
		err = p.Err
	}
	if l := (*os.LinkError)(nil); errors.As(err, &l) {
		err = l.Err
	}
	return fmt.Errorf("run: cannot write %s: %w", path, err)
}

// syncDir makes a rename, or a new name, survive a power cut. Windows has no such call.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// removeTemps deletes what a dead process was writing under root.
func removeTemps(root string) error {
	return filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasPrefix(d.Name(), tempPrefix) {
			err = os.Remove(path)
		}
		return err
	})
}
