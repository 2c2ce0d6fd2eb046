package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"hush/run"
)

// signaled is the script command "signaled INT|TERM|KILL LINES CODE hush train …": it starts the program, sends the signal
// when LINES lines of progress have been printed, and fails if it ends with another code (KILL: 137). So how long a run
// takes does not matter, as long as most of it is left. What it printed on stderr is then in the file signaled.err.
func signaled(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 || args[3] != "hush" {
		ts.Fatalf("usage: signaled INT|TERM|KILL LINES CODE hush [args…]")
	}
	signal, ok := map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM, "KILL": os.Kill}[args[0]]
	lines, err := strconv.Atoi(args[1])
	if !ok || err != nil {
		ts.Fatalf("signaled: unknown signal %s or number %s", args[0], args[1])
	}
	cmd := exec.Command(hushPath(ts), args[4:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"HOME", "PATH", "TMPDIR", "XDG_CACHE_HOME", "HUSH_DATA"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	stderr, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	stuck := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer stuck.Stop()
	var said bytes.Buffer
	for text := bufio.NewScanner(stderr); text.Scan(); {
		said.WriteString(text.Text() + "\n")
		if strings.HasPrefix(text.Text(), "step ") {
			if lines--; lines == 0 {
				ts.Check(cmd.Process.Signal(signal))
			}
		}
	}
	cmd.Wait()
	ts.Check(os.WriteFile(ts.MkAbs("signaled.err"), said.Bytes(), 0o600))
	got := cmd.ProcessState.ExitCode()
	if w, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && got < 0 {
		got = 128 + int(w.Signal())
	}
	if strconv.Itoa(got) != args[2] {
		ts.Fatalf("exit code %d, want %s; stderr:\n%s", got, args[2], said.String())
	}
}

func hushPath(ts *testscript.TestScript) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		path := filepath.Join(dir, "hush")
		if runtime.GOOS == "windows" {
			path += ".exe"
		}
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	ts.Fatalf("hush is not on the path")
	return ""
}

// covered is the script command "covered RUN": the ledger of an unfinished run, read as a crash left it, holds at least
// the steps of the checkpoint, of every line of metrics and of every line of progress in signaled.err.
func covered(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: covered RUN")
	}
	dir := ts.MkAbs(args[0])
	text, err := os.ReadFile(filepath.Join(dir, run.CheckpointFile))
	ts.Check(err)
	c, err := run.ParseCheckpoint(text)
	ts.Check(err)
	shown := c.Step
	text, _ = os.ReadFile(filepath.Join(dir, run.MetricsFile)) // there may be none yet
	for line := range strings.Lines(string(text)) {
		shown = max(shown, number(line, `{"step":`))
	}
	for line := range strings.Lines(ts.ReadFile("signaled.err")) {
		shown = max(shown, number(line, "step "))
	}
	// On a copy: half a line at the end is cut off, as a resumed run would.
	ledger := ts.MkAbs("ledger.copy")
	text, err = os.ReadFile(filepath.Join(dir, run.LedgerFile))
	ts.Check(err)
	ts.Check(os.WriteFile(ledger, text, 0o600))
	l, err := run.OpenLedger(ledger, c.ConfigHash)
	ts.Check(err)
	ts.Check(l.Close())
	if total := l.Total(); total < int64(shown) || total < c.Charged || shown == 0 {
		ts.Fatalf("the ledger holds %d releases, step %d was written or shown", total, shown)
	}
	ts.Logf("ledger %d, checkpoint at step %d, shown up to %d", l.Total(), c.Step, shown)
}

// number reads the digits after a prefix, 0 if line does not begin so.
func number(line, prefix string) uint64 {
	rest, ok := strings.CutPrefix(line, prefix)
	if !ok {
		return 0
	}
	rest = strings.TrimLeft(rest, " ")
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	n, _ := strconv.ParseUint(rest[:max(end, 0)], 10, 64)
	return n
}

// canMount tells whether this process may mount a file system that only it and its children see.
func canMount() bool {
	return runtime.GOOS == "linux" && exec.Command("unshare", "-m", "mount", "-t", "tmpfs", "-o", "size=64k", "hush-test", "/mnt").Run() == nil
}
