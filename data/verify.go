package data

import (
	"context"
	"errors"
	"path/filepath"
)

// State is what verifying a file found.
type State string

const (
	FileOK      State = "ok"      // the canonical bytes
	FileVariant State = "variant" // other accepted bytes; Note says what differs
	FileMissing State = "missing"
	FileWrong   State = "wrong" // Err says why
)

// FileState is the state of one file of a set.
type FileState struct {
	File     string
	Path     string // "" if missing
	State    State
	Note     string // of a variant
	Excluded int    // records that the variant leaves out
	Err      error  // of a wrong file
}

// Verify compares every file of a set with its card. The error is that of an ended context; all else is in the states.
func Verify(ctx context.Context, card *Card, dir Locator) ([]FileState, error) {
	if card.Embedded() {
		return []FileState{{File: card.Files[0].Name, Path: "inside the program", State: FileOK}}, nil
	}
	place, err := dir.Locate(card)
	if e := (*Error)(nil); err != nil && !errors.As(err, &e) {
		return nil, err
	}
	files := card.Files
	var out []FileState
	if place != nil && place.archive != "" {
		files = []File{*card.Archive}
	}
	for i := range files {
		f := &files[i]
		s := FileState{File: f.Name, State: FileMissing}
		if place != nil {
			s.Path = place.paths[f.Name]
			if place.archive != "" {
				s.Path = place.archive
			}
		}
		if s.Path != "" {
			v, err := checkFile(ctx, s.Path, f)
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			switch {
			case err != nil:
				s.State, s.Err = FileWrong, err
			case v.Note != "":
				s.State, s.Note, s.Excluded = FileVariant, v.Note, len(v.Exclude)
			default:
				s.State = FileOK
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// FetchFolder is the folder into which a set is fetched.
func (l Locator) FetchFolder(card *Card) (string, error) {
	root, err := l.Root()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, filepath.FromSlash(card.Folders[0])), nil
}
