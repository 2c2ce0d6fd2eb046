package run

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hush/accountant"
)

// Folder is a run's folder. While it is written it is locked; it is finished when DONE is there, which is written
// last. Under public/ is what DP covers if public/statement.json says so; all else is internal.
type Folder struct {
	dir    string
	lock   *lock   // nil: opened to read
	ledger *Ledger // nil until StartLedger or ContinueLedger
}

// Names in a run folder, relative to it.
const (
	ModelFile      = "public/model.safetensors"
	StatementFile  = "public/statement.json"
	CardFile       = "public/card.yaml"
	ConfigFile     = "internal/config.yaml"
	EnvFile        = "internal/env.json"
	LedgerFile     = "internal/ledger.jsonl"
	MetricsFile    = "internal/metrics.jsonl"
	ResultFile     = "internal/result.json"
	SignalsDir     = "internal/signals"
	AuditsDir      = "internal/audits"
	CheckpointFile = "internal/checkpoints/ckpt"
	KeyFile        = "secret/key"
	DoneFile       = "DONE"

	lockFile = "internal/lock"
)

// subfolders are made with the folder.
var subfolders = [...]string{"public", "internal", SignalsDir, AuditsDir, "internal/checkpoints", "secret"}

// Errors of opening a folder in the wrong state.
var (
	ErrNotEmpty   = errors.New("is not empty")
	ErrUnfinished = errors.New("is not finished")
	ErrFinished   = errors.New("is finished already")
)

func folderError(dir string, err error) error { return fmt.Errorf("run: folder %s %w", dir, err) }

// DefaultName is runs/<UTC>-<data>-<net>-<first 8 digits of the config hash>.
func DefaultName(c Config, now time.Time) string {
	data := strings.TrimSuffix(filepath.Base(c.Data), filepath.Ext(c.Data))
	return filepath.Join("runs", fmt.Sprintf("%s-%s-%s-%.8s", now.UTC().Format("20060102-150405"), plain(data), plain(c.Net), c.Hash()))
}

// plain keeps letters, digits and dashes.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, s)
}

// CreateFor makes the folder that c names, or one with the default name and, if that is taken, a number after it.
func CreateFor(c Config, now time.Time) (*Folder, error) {
	if c.Out != "" {
		return Create(c.Out)
	}
	name := DefaultName(c, now)
	for n := 2; ; n++ {
		f, err := Create(name)
		if locked := (*LockedError)(nil); n > 100 || !errors.Is(err, ErrNotEmpty) && !errors.As(err, &locked) {
			return f, err
		}
		name = fmt.Sprintf("%s-%d", DefaultName(c, now), n)
	}
}

// Create makes a run folder at dir and locks it. A folder that holds anything is refused (ErrNotEmpty), one in which
// a process works with a *LockedError. After an error, what Create made is gone again.
func Create(dir string) (f *Folder, err error) {
	var made []string
	defer func() {
		if err != nil {
			for _, d := range slices.Backward(made) {
				os.Remove(d) // only if empty
			}
		}
	}()
	mkdir := func(d string) error {
		err := os.Mkdir(d, dirMode)
		switch {
		case err == nil:
			made = append(made, d)
			return nil
		case errors.Is(err, os.ErrExist):
			return os.Chmod(d, dirMode)
		}
		return writeError(d, err)
	}
	for _, d := range missingParents(dir) {
		if err := os.Mkdir(d, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return nil, writeError(d, err)
		} else if err == nil {
			made = append(made, d)
		}
	}
	if names, err := listed(dir); err == nil && !onlyLock(dir, names) {
		return nil, emptyOrLocked(dir)
	}
	for _, d := range []string{dir, filepath.Join(dir, "internal")} {
		if err := mkdir(d); err != nil {
			return nil, err
		}
	}
	l, err := acquire(filepath.Join(dir, lockFile), dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			l.release()
		}
	}()
	if names, err := listed(dir); err != nil || !onlyLock(dir, names) { // now that nobody else can write
		return nil, errors.Join(err, folderError(dir, ErrNotEmpty))
	}
	for _, s := range subfolders {
		if err := mkdir(filepath.Join(dir, s)); err != nil {
			return nil, err
		}
	}
	return &Folder{dir: dir, lock: l}, nil
}

// missingParents lists the folders above dir that do not exist, outermost first.
func missingParents(dir string) (list []string) {
	for p := filepath.Dir(filepath.Clean(dir)); ; p = filepath.Dir(p) {
		if _, err := os.Stat(p); err == nil || p == filepath.Dir(p) {
			slices.Reverse(list)
			return list
		}
		list = append(list, p)
	}
}

func listed(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// onlyLock: a folder with nothing but a lock file is as good as empty; its process died at once or is just starting.
func onlyLock(dir string, names []string) bool {
	if len(names) == 0 {
		return true
	}
	inner, err := listed(filepath.Join(dir, "internal"))
	return len(names) == 1 && names[0] == "internal" && err == nil &&
		(len(inner) == 0 || len(inner) == 1 && inner[0] == filepath.Base(lockFile))
}

// emptyOrLocked tells why a folder that holds something is refused: a running process is worth naming.
func emptyOrLocked(dir string) error {
	path := filepath.Join(dir, lockFile)
	if _, err := os.Stat(path); err == nil {
		l, err := acquire(path, dir)
		if locked := (*LockedError)(nil); errors.As(err, &locked) {
			return err
		}
		if err == nil {
			l.release()
		}
	}
	return folderError(dir, ErrNotEmpty)
}

// Resume opens an unfinished folder to go on with it and locks it. A finished one is refused (ErrFinished), one in
// which a process works with a *LockedError; the lock of a dead process is taken over.
func Resume(dir string) (*Folder, error) {
	if _, err := os.Stat(filepath.Join(dir, ConfigFile)); err != nil {
		return nil, readError(filepath.Join(dir, ConfigFile), err)
	}
	l, err := acquire(filepath.Join(dir, lockFile), dir)
	if err != nil {
		return nil, err
	}
	f := &Folder{dir: dir, lock: l}
	if _, err := os.Stat(f.Path(DoneFile)); err == nil {
		return nil, errors.Join(folderError(dir, ErrFinished), l.release())
	}
	if err := removeTemps(dir); err != nil {
		return nil, errors.Join(writeError(dir, err), l.release())
	}
	if f.lacksOnlyDone() {
		return nil, errors.Join(f.complete(), folderError(dir, ErrFinished))
	}
	return f, nil
}

// lacksOnlyDone: Finish removes the key when the result is there.
func (f *Folder) lacksOnlyDone() bool {
	_, noKey := os.Stat(f.Path(KeyFile))
	_, noResult := os.Stat(f.Path(ResultFile))
	return errors.Is(noKey, os.ErrNotExist) && noResult == nil
}

// complete finishes a folder whose process died in Finish.
func (f *Folder) complete() error {
	c, err := f.ReadConfig()
	if err == nil {
		_, err = f.ContinueLedger(c.Hash())
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Finish(time.Now())
}

// Open opens a finished folder to read it. An unfinished one is refused (ErrUnfinished). The ledger is read and must
// hold what DONE says.
func Open(dir string) (*Folder, error) {
	f := &Folder{dir: dir}
	text, err := os.ReadFile(f.Path(DoneFile))
	if errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat(f.Path("internal")); err != nil {
			return nil, readError(f.Path("internal"), err)
		}
		return nil, folderError(dir, ErrUnfinished)
	}
	if err != nil {
		return nil, readError(f.Path(DoneFile), err)
	}
	var d done
	if err := strictJSON(text, &d); err != nil || d.Format != doneFormat {
		return nil, formatError(DoneFile, "has format %q, this program reads %q", d.Format, doneFormat)
	}
	s, err := f.ReadLedger()
	if err != nil {
		return nil, err
	}
	if s.Steps() != d.Releases {
		return nil, formatError("ledger", "records %d releases, %s says %d", s.Steps(), DoneFile, d.Releases)
	}
	return f, nil
}

// done is what DONE holds.
type done struct {
	Format   string `json:"format"`
	Finished string `json:"finished"` // UTC, RFC 3339
	Releases int64  `json:"releases"` // in the ledger: a ledger that lost its last lines is found out
}

const doneFormat = "hush.done/1"

// Dir is the folder's path as it was given.
func (f *Folder) Dir() string { return f.dir }

// Path is the path of a name in the folder (ModelFile and so on).
func (f *Folder) Path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

// Write makes the file name hold what write produces, or leaves it as it was (see WriteFile). The ledger is synced
// first, so that nothing derived from a release is written before the release is on record.
func (f *Folder) Write(name string, write func(io.Writer) error) error {
	if err := f.paid(); err != nil {
		return err
	}
	return WriteFile(f.Path(name), write)
}

// paid syncs the ledger. A folder opened to read, or closed, takes no writes.
func (f *Folder) paid() error {
	if f.lock == nil {
		return folderError(f.dir, errors.New("is not open for writing"))
	}
	if f.ledger == nil {
		return nil
	}
	return f.ledger.Sync()
}

// WriteBytes is Write of bytes.
func (f *Folder) WriteBytes(name string, text []byte) error {
	return f.Write(name, func(w io.Writer) error { _, err := w.Write(text); return err })
}

// WriteJSON is Write of v as indented JSON.
func (f *Folder) WriteJSON(name string, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("run: %s: %w", name, err)
	}
	return f.WriteBytes(name, b.Bytes())
}

// Read returns the file name.
func (f *Folder) Read(name string) ([]byte, error) {
	text, err := os.ReadFile(f.Path(name))
	if err != nil {
		return nil, readError(f.Path(name), err)
	}
	return text, nil
}

// WriteConfig writes the resolved config.
func (f *Folder) WriteConfig(c Config) error {
	return f.Write(ConfigFile, func(w io.Writer) error { return c.Print(w, true) })
}

// ReadConfig reads it.
func (f *Folder) ReadConfig() (Config, error) {
	text, err := f.Read(ConfigFile)
	if err != nil {
		return Config{}, err
	}
	c, err := ReadResolved(text)
	if err != nil {
		return Config{}, formatError(ConfigFile, "cannot be read: %v", err)
	}
	return c, nil
}

// WriteResult writes internal/result.json.
func (f *Folder) WriteResult(r *Result) error {
	text, err := MarshalResult(r)
	if err != nil {
		return err
	}
	return f.WriteBytes(ResultFile, text)
}

// ReadResult reads it.
func (f *Folder) ReadResult() (*Result, error) {
	text, err := f.Read(ResultFile)
	if err != nil {
		return nil, err
	}
	return ParseResult(text)
}

// WriteModel writes the weights and the config hash: same weights, same bytes.
func (f *Folder) WriteModel(tensors []Tensor, configHash string) error {
	return f.Write(ModelFile, func(w io.Writer) error {
		return WriteSafetensors(w, tensors, map[string]string{"config_hash": configHash})
	})
}

// ReadModel reads them.
func (f *Folder) ReadModel() (tensors []Tensor, configHash string, err error) {
	text, err := f.Read(ModelFile)
	if err != nil {
		return nil, "", err
	}
	tensors, meta, err := ReadSafetensors(text)
	return tensors, meta["config_hash"], err
}

// StartLedger makes the run's ledger. From now on every write to the folder syncs it first.
func (f *Folder) StartLedger(configHash string) (l *Ledger, err error) {
	f.ledger, err = CreateLedger(f.Path(LedgerFile), configHash)
	return f.ledger, err
}

// ContinueLedger opens the run's ledger to go on with it.
func (f *Folder) ContinueLedger(configHash string) (l *Ledger, err error) {
	f.ledger, err = OpenLedger(f.Path(LedgerFile), configHash)
	return f.ledger, err
}

// ReadLedger returns the spending on record.
func (f *Folder) ReadLedger() (accountant.Spending, error) { return ReadLedger(f.Path(LedgerFile)) }

// SaveCheckpoint writes c in place of the one before, after syncing the ledger.
func (f *Folder) SaveCheckpoint(c *Checkpoint) error {
	return f.Write(CheckpointFile, func(w io.Writer) error { _, err := c.WriteTo(w); return err })
}

// LoadCheckpoint reads it and requires it to belong to the config with this hash. ok is false if there is none yet.
func (f *Folder) LoadCheckpoint(configHash string) (c *Checkpoint, ok bool, err error) {
	text, err := f.Read(CheckpointFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if c, err = ParseCheckpoint(text); err != nil {
		return nil, false, err
	}
	if c.ConfigHash != configHash {
		return nil, false, formatError("checkpoint", "belongs to another config")
	}
	return c, true, nil
}

// keyCheck is how many bytes of SHA-256 follow the key in its file: a damaged key must not pass for another one.
const keyCheck = 8

func keySum(key []byte) []byte {
	sum := sha256.Sum256(append([]byte("hush key file\n"), key...))
	return sum[:keyCheck]
}

// WriteKey writes secret/key. When a key is replaced, save a checkpoint with the new key's id first: a checkpoint and
// a key that do not fit each other make Resume charge again; the other way round the redo would be free.
func (f *Folder) WriteKey(key [32]byte) error {
	return f.WriteBytes(KeyFile, append(key[:], keySum(key[:])...))
}

// ReadKey reads it. The error does not tell a byte of it.
func (f *Folder) ReadKey() (key [32]byte, err error) {
	text, err := f.Read(KeyFile)
	if err != nil {
		return key, err
	}
	if len(text) != len(key)+keyCheck || !bytes.Equal(text[len(key):], keySum(text[:len(key)])) {
		return key, formatError(KeyFile, "is damaged")
	}
	return [32]byte(text), nil
}

// Finish syncs and closes the ledger, removes the checkpoint and everything secret, writes DONE, and unlocks.
func (f *Folder) Finish(now time.Time) error {
	if err := f.paid(); err != nil {
		return err
	}
	if f.ledger == nil {
		return folderError(f.dir, errors.New("has no ledger"))
	}
	d := done{doneFormat, now.UTC().Format(time.RFC3339), f.ledger.Total()}
	for _, gone := range []string{"secret", "internal/checkpoints"} {
		if err := os.RemoveAll(f.Path(gone)); err != nil {
			return writeError(f.Path(gone), err)
		}
	}
	for _, dir := range []string{f.dir, f.Path("internal")} { // they are gone for good before DONE says so
		if err := syncDir(dir); err != nil {
			return writeError(dir, err)
		}
	}
	if err := f.WriteJSON(DoneFile, d); err != nil {
		return err
	}
	return f.Close()
}

// Close syncs the ledger and unlocks. An unfinished folder can be resumed.
func (f *Folder) Close() error {
	var err error
	if f.ledger != nil {
		err = f.ledger.Close()
	}
	if f.lock != nil {
		err = errors.Join(err, f.lock.release())
	}
	f.lock, f.ledger = nil, nil
	return err
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }
