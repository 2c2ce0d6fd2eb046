package run

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"hush/accountant"
)

// childTask tells the test binary, started again by a test, what to do in place of the tests; the rest are its arguments.
const childTask = "RUN_TEST_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childTask) {
	case "":
		os.Exit(m.Run())
	case "hold": // lock the folder, say so, wait to be killed
		_, err := Create(os.Args[1])
		fmt.Println("holding", err)
		io.ReadAll(os.Stdin)
	case "create":
		_, err := Create(os.Args[1])
		fmt.Println("created", err)
	}
}

// child starts this test binary with a task; out yields its standard output.
func child(t *testing.T, binary, task string, args ...string) (cmd *exec.Cmd, out io.Reader) {
	t.Helper()
	cmd = exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), childTask+"="+task)
	if _, err := cmd.StdinPipe(); err != nil { // held open until the child is killed
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	return cmd, out
}

func create(t testing.TB) *Folder {
	t.Helper()
	f, err := Create(filepath.Join(t.TempDir(), "a", "run"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFolderLayoutAndModes(t *testing.T) {
	f := create(t)
	c := mustResolve(t, Sources{})
	led, err := f.StartLedger(c.Hash())
	if err != nil {
		t.Fatal(err)
	}
	var key [32]byte
	copy(key[:], "0123456789abcdef0123456789abcdef")
	r := NewResult(time.Now())
	for _, err := range []error{
		f.WriteConfig(c), f.WriteKey(key), f.WriteJSON(EnvFile, NewEnv("v", "portable")), led.Append(accountant.NonPrivate{Reason: "test"}, 3),
		f.WriteModel([]Tensor{{"w", []int{2}, []float32{1, 2}}}, c.Hash()), f.WriteJSON(StatementFile, NewStatement(r.Privacy, c.Hash(), "v")),
		f.WriteCard(PublicCard{Data: "digits", Classes: []string{"0", "no"}}), f.AppendMetric(Metric{Step: 1}), f.WriteResult(r),
		f.SaveCheckpoint(&Checkpoint{ConfigHash: c.Hash()}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if k, err := f.ReadKey(); err != nil || k != key {
		t.Errorf("key reads back as %v", err)
	}
	if err := f.Finish(time.Now()); err != nil {
		t.Fatal(err)
	}
	var names []string
	filepath.WalkDir(f.Dir(), func(path string, d os.DirEntry, err error) error {
		rel, _ := filepath.Rel(f.Dir(), path)
		info, _ := d.Info()
		want := os.FileMode(fileMode)
		if d.IsDir() {
			want = dirMode
		} else {
			names = append(names, filepath.ToSlash(rel))
		}
		if runtime.GOOS != "windows" && info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", rel, info.Mode().Perm(), want)
		}
		return nil
	})
	if want := []string{DoneFile, ConfigFile, EnvFile, LedgerFile, MetricsFile, ResultFile, CardFile, ModelFile, StatementFile}; !slices.Equal(names, want) {
		t.Errorf("files are %q, want %q", names, want)
	}
	if _, err := os.Stat(f.Path("secret")); !errors.Is(err, os.ErrNotExist) {
		t.Error("secret/ outlives DONE")
	}
	back, err := Open(f.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := back.ReadConfig(); err != nil || got.Hash() != c.Hash() || got.Recipe != "digits" {
		t.Errorf("config: %v", err)
	}
	if s, err := back.ReadLedger(); err != nil || s.Steps() != 3 {
		t.Errorf("ledger: %v, %v", s, err)
	}
	if m, hash, err := back.ReadModel(); err != nil || hash != c.Hash() || len(m) != 1 {
		t.Errorf("model: %v", err)
	}
	if card, err := back.ReadCard(); err != nil || !slices.Equal(card.Classes, []string{"0", "no"}) {
		t.Errorf("card: %+v, %v", card, err)
	}
	if err := back.WriteBytes("internal/x", nil); err == nil {
		t.Error("a folder opened to read takes writes")
	}
	if _, err := Resume(f.Dir()); !errors.Is(err, ErrFinished) {
		t.Errorf("resume of a finished run: %v", err)
	}
	if _, err := Create(f.Dir()); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("create over a finished run: %v", err)
	}
}

func TestFolderStates(t *testing.T) {
	dir := t.TempDir()
	full := filepath.Join(dir, "full")
	if err := os.MkdirAll(full, 0o755); err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(full, "thesis.tex"), nil, 0o600)
	if _, err := Create(full); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("create in a folder with something in it: %v", err)
	}
	if names, _ := listed(full); len(names) != 1 {
		t.Errorf("left %q behind", names)
	}
	file := filepath.Join(full, "thesis.tex", "run")
	if _, err := Create(file); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("create below a file: %v", err)
	}
	if _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("open of nothing: %v", err)
	}
	if _, err := Resume(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("resume of nothing: %v", err)
	}
	f := create(t)
	if _, err := Open(f.Dir()); !errors.Is(err, ErrUnfinished) {
		t.Errorf("open of an unfinished run: %v", err)
	}
	if err := f.Finish(time.Now()); err == nil {
		t.Error("finished without a ledger")
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestDeathInFinish: the process died after the key was removed and before DONE was written.
func TestDeathInFinish(t *testing.T) {
	f := create(t)
	c := mustResolve(t, Sources{})
	if _, err := f.StartLedger(c.Hash()); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{f.WriteConfig(c), f.WriteResult(NewResult(time.Now())), f.Close()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Resume(f.Dir()); !errors.Is(err, ErrFinished) {
		t.Errorf("resume: %v", err)
	}
	if _, err := Open(f.Dir()); err != nil {
		t.Errorf("open: %v", err)
	}
}

func TestCreateForTakesAnotherName(t *testing.T) {
	t.Chdir(t.TempDir())
	c, now := mustResolve(t, Sources{}), time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	a, err := CreateFor(c, now)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join("runs", "20250102-030405-digits-linear-"+c.Hash()[:8]); a.Dir() != want {
		t.Errorf("folder %s, want %s", a.Dir(), want)
	}
	b, err := CreateFor(c, now)
	if err != nil || b.Dir() != a.Dir()+"-2" {
		t.Errorf("second: %v", err)
	}
	a.Close()
	b.Close()
}

func TestSecondProcessIsRefusedByName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	self, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	cmd, out := child(t, self, "hold", dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	line := make([]byte, 64)
	n, _ := out.Read(line)
	if got := string(line[:n]); got != "holding <nil>\n" {
		t.Fatalf("child says %q", got)
	}
	check := func(what string, err error) {
		var locked *LockedError
		if !errors.As(err, &locked) || locked.PID != cmd.Process.Pid || !strings.Contains(err.Error(), fmt.Sprint(cmd.Process.Pid)) {
			t.Errorf("%s while process %d works there: %v", what, cmd.Process.Pid, err)
		}
	}
	_, err = Create(dir)
	check("create", err)
	os.WriteFile(filepath.Join(dir, filepath.FromSlash(ConfigFile)), []byte(full), fileMode)
	_, err = Resume(dir)
	check("resume", err)

	cmd.Process.Kill() // as hard as kill -9
	cmd.Wait()
	tmp := filepath.Join(dir, "internal", tempPrefix+"1")
	os.WriteFile(tmp, nil, fileMode)
	f, err := Resume(dir)
	if err != nil {
		t.Fatalf("the lock of a dead process still holds: %v", err)
	}
	defer f.Close()
	if _, err := os.Stat(tmp); !errors.Is(err, os.ErrNotExist) {
		t.Error("a dead process's temporary file stays")
	}
	if pid := readPID(filepath.Join(dir, lockFile)); pid != os.Getpid() {
		t.Errorf("the lock names process %d, not %d", pid, os.Getpid())
	}
	if _, err := Resume(dir); !strings.Contains(fmt.Sprint(err), "this very process") {
		t.Errorf("a second time in one process: %v", err)
	}
}

// TestReadOnlyPlace creates a run below a folder that may not be written. Root may write everywhere, so as root the
// test binary runs again as nobody.
func TestReadOnlyPlace(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("folder modes do not bind here")
	}
	place, err := os.MkdirTemp("", "run-readonly")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(place)
	self, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	text, err := os.ReadFile(self)
	if err != nil {
		t.Skip(err)
	}
	binary := filepath.Join(place, "again")
	if err := os.WriteFile(binary, text, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(place, 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(place, 0o755)
	cmd, out := child(t, binary, "create", filepath.Join(place, "runs", "x"))
	asNobody(cmd)
	if err := cmd.Start(); err != nil {
		t.Skipf("cannot start a process as nobody: %v", err)
	}
	said, _ := io.ReadAll(out)
	cmd.Wait()
	if want := "created run: cannot write " + filepath.Join(place, "runs") + ": permission denied\n"; string(said) != want {
		t.Errorf("child says %q, want %q", said, want)
	}
	if names, _ := listed(place); len(names) != 1 {
		t.Errorf("left %q behind", names)
	}
}

// faulty writes to a real file and fails in a chosen place.
type faulty struct {
	*os.File
	room      int // bytes until the disk is full; -1: no limit
	badSync   bool
	badClose  bool
	syncCalls int
}

func (f *faulty) Write(b []byte) (int, error) {
	if f.room >= 0 && len(b) > f.room {
		n, _ := f.File.Write(b[:f.room])
		f.room = 0
		return n, &os.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
	}
	if f.room >= 0 {
		f.room -= len(b)
	}
	return f.File.Write(b)
}

func (f *faulty) Sync() error {
	f.syncCalls++
	if f.badSync {
		return &os.PathError{Op: "sync", Path: f.Name(), Err: syscall.EIO}
	}
	return f.File.Sync()
}

func (f *faulty) Close() error {
	err := f.File.Close()
	if f.badClose {
		return &os.PathError{Op: "close", Path: f.Name(), Err: syscall.EDQUOT}
	}
	return err
}

func TestWriteFileIsAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	if err := os.WriteFile(path, []byte("old"), fileMode); err != nil {
		t.Fatal(err)
	}
	content := []byte("the new content")
	write := func(w io.Writer) error { // byte by byte, so that a full disk strikes in every place
		for i := range content {
			if _, err := w.Write(content[i : i+1]); err != nil {
				return err
			}
		}
		return nil
	}
	faults := []faulty{{room: -1, badSync: true}, {room: -1, badClose: true}}
	for room := range content {
		faults = append(faults, faulty{room: room})
	}
	for _, fault := range faults {
		f := fault
		err := replace(path, write, func(dir string) (file, error) {
			var err error
			f.File, err = os.CreateTemp(dir, tempPrefix+"*")
			return &f, err
		})
		if err == nil || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "run: cannot write "+path+": ") {
			t.Errorf("%+v: error %v", fault, err)
		}
		if fault.room >= 0 && !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%+v: error %v does not say that the disk is full", fault, err)
		}
		if text, _ := os.ReadFile(path); string(text) != "old" {
			t.Errorf("%+v: the file is now %q", fault, text)
		}
		if names, _ := listed(dir); !slices.Equal(names, []string{"x"}) {
			t.Errorf("%+v: left %q behind", fault, names)
		}
	}
	if err := WriteFile(path, write); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); !bytes.Equal(text, content) {
		t.Errorf("the file is %q", text)
	}
	if err := WriteFile(filepath.Join(dir, "none", "x"), write); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that is missing: %v", err)
	}
}

// TestDiskFull uses the system's own full device.
func TestDiskFull(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	path := filepath.Join(t.TempDir(), "x")
	err := replace(path, func(w io.Writer) error { _, err := w.Write([]byte("x")); return err }, func(string) (file, error) {
		f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		return fullDevice{f}, err
	})
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("something was written")
	}
}

// fullDevice hides the device's name, which replace would remove.
type fullDevice struct{ *os.File }

func (fullDevice) Name() string { return filepath.Join(os.TempDir(), "run-test-no-such-file") }

func TestKeyFile(t *testing.T) {
	f := create(t)
	defer f.Close()
	key := [32]byte{1, 2, 3}
	if _, err := f.ReadKey(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no key: %v", err)
	}
	if err := f.WriteKey(key); err != nil {
		t.Fatal(err)
	}
	text, _ := f.Read(KeyFile)
	for i := range text {
		bad := bytes.Clone(text)
		bad[i] ^= 1
		os.WriteFile(f.Path(KeyFile), bad, fileMode)
		if _, err := f.ReadKey(); !errors.Is(err, ErrFormat) {
			t.Fatalf("a flipped bit in byte %d: %v", i, err)
		}
	}
	if KeyID(key) == KeyID([32]byte{}) || len(KeyID(key)) != 32 {
		t.Errorf("key id %q", KeyID(key))
	}
}

func TestMetrics(t *testing.T) {
	f := create(t)
	defer f.Close()
	for i := range uint64(4) {
		if err := f.AppendMetric(Metric{Step: i, Loss: Finite(.5)}); err != nil {
			t.Fatal(err)
		}
	}
	w, _ := os.OpenFile(f.Path(MetricsFile), os.O_APPEND|os.O_WRONLY, 0)
	w.WriteString(`{"step": 9`) // a crash
	w.Close()
	if err := f.TrimMetrics(2); err != nil {
		t.Fatal(err)
	}
	list, err := f.ReadMetrics()
	if err != nil || len(list) != 3 || list[2].Step != 2 || *list[0].Loss != .5 {
		t.Errorf("%v, %v", list, err)
	}
}
