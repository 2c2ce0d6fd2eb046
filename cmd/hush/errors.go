package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"hush/data"
	"hush/experiment"
	"hush/internal/check"
	"hush/internal/nearest"
	"hush/nets"
	"hush/run"
	"hush/trainer"
)

// runError gives an error of a run, or of reading one, the exit code and the hint that it deserves.
func runError(err error) error {
	var (
		known    *exitError
		config   *run.Error
		missing  *run.Missing
		locked   *run.LockedError
		budget   *trainer.BudgetError
		set      *data.Error
		noSet    *data.UnknownError
		noNet    *nets.UnknownError
		argument *check.Argument
		folder   *experiment.FolderError
	)
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.Is(err, trainer.ErrDiverged):
		return &exitError{codeFailed, err, "a smaller --lr may help"}
	case errors.As(err, &config):
		return usage(err, config.Hint())
	case errors.As(err, &missing):
		return usage(err, missing.Hint())
	case errors.Is(err, experiment.ErrOtherProgram):
		return budgetExceeded(err, "resume with the program and on the kind of machine that it was interrupted on")
	case errors.As(err, &budget):
		return budgetExceeded(err, "spend less (fewer steps, a smaller lot, a larger noise multiplier) or fix a higher --max-epsilon before the first step")
	case errors.As(err, &noSet):
		return usage(err, nearestOf("hush data list shows all", noSet.Name, noSet.Known))
	case errors.As(err, &noNet):
		return netError(err)
	case errors.As(err, &set):
		return setError(set, err)
	case errors.As(err, &locked):
		return &exitError{codeFailed, err, "wait for it, or end it; a dead process's lock is taken over by itself"}
	case errors.Is(err, run.ErrNotEmpty):
		return usage(err, "choose another --out, or hush train --resume DIR if that is an interrupted run")
	case errors.Is(err, run.ErrFinished):
		return usage(err, "hush report DIR prints its result")
	case errors.Is(err, run.ErrUnfinished):
		return dataError(err, "hush train --resume DIR finishes it")
	case errors.Is(err, run.ErrFormat):
		return dataError(err, "")
	case errors.As(err, &argument):
		return usage(err, "")
	case errors.As(err, &folder) && !errors.Is(err, syscall.ENOSPC):
		return usage(err, "choose another --out: a folder that is new or empty, on a disk that can be written")
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EROFS):
		return usage(err, "choose another --out")
	case errors.Is(err, syscall.ENOSPC):
		return &exitError{codeFailed, err, "make room"}
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return dataError(err, "")
	}
	return err
}

// nearestOf is a hint with the nearest of the known names, if one is near.
func nearestOf(all, word string, names []string) string {
	if n := nearest.Name(word, names); n != "" {
		return fmt.Sprintf("did you mean %q? %s", n, all)
	}
	return all + ": " + strings.Join(names, ", ")
}

// setError: a split that cannot be is the caller's to correct, all else is the data set's.
func setError(e *data.Error, err error) error {
	switch e.Kind {
	case data.BadSplit:
		return usage(err, "the shares of --split are percent of train/test/selection/reference/population")
	case data.NotFound, data.Corrupt, data.Checksum:
		return dataError(err, strings.TrimSpace("hush data fetch "+e.Set)+" gets it, hush data verify checks it; --data-dir or HUSH_DATA says where it lies")
	}
	if e.Kind == data.Excess {
		return dataError(err, "public_n is fixed before the records are read: declare as many as there may be, or leave records out")
	}
	return dataError(err, "")
}
