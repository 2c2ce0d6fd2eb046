package data

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Locator says in which folders data sets are looked for. With Dir, in Dir alone: a folder that is named is the one
// that is meant. Without, in $HUSH_DATA if it is set, then in hush/datasets below the user's cache folder, then in the
// folders where other tools keep a set.
type Locator struct {
	Dir string // of --data-dir; "" if not given
}

// roots lists the folders that are looked at, in order.
func (l Locator) roots() []string {
	if l.Dir != "" {
		return []string{l.Dir}
	}
	var out []string
	if env := os.Getenv("HUSH_DATA"); env != "" {
		out = append(out, env)
	}
	if cache, err := os.UserCacheDir(); err == nil {
		out = append(out, filepath.Join(cache, "hush", "datasets"))
	}
	return out
}

// Root is the folder into which a set is fetched: the first that is looked at.
func (l Locator) Root() (string, error) {
	roots := l.roots()
	if len(roots) == 0 {
		return "", &Error{Kind: NotFound, Message: "no folder for data sets: neither $HUSH_DATA nor a cache folder is known"}
	}
	return roots[0], nil
}

// Place is where a set lies.
type Place struct {
	Folder  string
	paths   map[string]string // by File.Name
	archive string            // set if the files are in one archive
}

// Locate finds the files of a set. The folder that holds all of them comes first in the order of the Locator; else
// the error, of Kind NotFound, says which file is missing where, or which folders were searched.
func (l Locator) Locate(card *Card) (*Place, error) {
	var searched []string
	var partial *Place
	for _, dir := range l.folders(card) {
		searched = append(searched, dir)
		p := &Place{Folder: dir, paths: map[string]string{}}
		for _, f := range card.Files {
			if path := existing(filepath.Join(dir, f.Name)); path != "" {
				p.paths[f.Name] = path
			}
		}
		if len(p.paths) == len(card.Files) {
			return p, nil
		}
		if card.Archive != nil {
			if path := existing(filepath.Join(dir, card.Archive.Name)); path != "" {
				p.archive = path
				return p, nil
			}
		}
		if len(p.paths) > 0 && partial == nil {
			partial = p
		}
	}
	e := &Error{Kind: NotFound, Set: card.Name, Message: "not found in " + strings.Join(searched, ", ")}
	if partial != nil {
		var missing []string
		for _, f := range card.Files {
			if partial.paths[f.Name] == "" {
				missing = append(missing, f.Name)
			}
		}
		e.Path, e.Message = partial.Folder, fmt.Sprintf("missing %s", strings.Join(missing, ", "))
		return partial, e
	}
	return nil, e
}

// folders lists where the set's files may lie, in order.
func (l Locator) folders(card *Card) []string {
	var out []string
	for _, root := range l.roots() {
		for _, f := range card.Folders {
			out = append(out, filepath.Join(root, filepath.FromSlash(f)))
		}
	}
	if home, err := os.UserHomeDir(); err == nil && l.Dir == "" && card.Home != "" {
		out = append(out, filepath.Join(home, filepath.FromSlash(card.Home)))
	}
	return out
}

// existing returns path, or path without .gz, whichever is there, or "".
func existing(path string) string {
	for _, p := range []string{path, strings.TrimSuffix(path, ".gz")} {
		if info, err := os.Stat(p); err == nil && !info.IsDir() {
			return p
		}
	}
	return ""
}
