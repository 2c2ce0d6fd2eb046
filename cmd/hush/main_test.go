package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"hush": main})
}

// TestScripts runs the real binary through every script under testdata/script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("XDG_CACHE_HOME", filepath.Join(e.WorkDir, ".cache"))
			e.Setenv("SHARED_DATA", sharedData())
			return nil
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "shared-data":
				return sharedData() != "", nil
			case "mount":
				return canMount(), nil
			}
			return false, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "signaled": signaled, "covered": covered},
	})
}

// sharedData is the folder of verified data sets, or "" where there is none: those scripts then skip and say so.
func sharedData() string {
	for _, d := range []string{os.Getenv("HUSH_DATA"), filepath.Join("..", "..", "..", "shared", "data")} {
		if d == "" {
			continue
		}
		if abs, err := filepath.Abs(d); err == nil {
			if _, err := os.Stat(filepath.Join(abs, "mnist")); err == nil {
				return abs
			}
		}
	}
	return ""
}

// exits is the script command "exits CODE hush args…": it runs the program in this process and fails on another code.
// What it printed is what stdout and stderr then match.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || args[1] != "hush" {
		ts.Fatalf("usage: exits CODE hush [args…]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("hush %s: exit code %s, want %s", strings.Join(args[2:], " "), got, args[0])
	}
}

func TestFlagsFirst(t *testing.T) {
	a := app(io.Discard, io.Discard)
	for given, want := range map[string]string{
		"hush report RUN --all":                          "hush report --all RUN",
		"hush report RUN --format json":                  "hush report --format json RUN",
		"hush report RUN --format=json X":                "hush report --format=json RUN X",
		"hush nets show mlp:8 --input 600 --classes 100": "hush nets show --input 600 --classes 100 mlp:8",
		"hush report RUN --output":                       "hush report RUN --output",
		"hush report -- --all":                           "hush report -- --all",
		"hush":                                           "hush",
		"hush trian --x":                                 "hush trian --x",
	} {
		if got := strings.Join(flagsFirst(a.Commands, strings.Fields(given)), " "); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
}

func TestErrorsAreOneLine(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"hush", "trian"}, codeUsage, "error: unknown verb \"trian\"\nhint: did you mean \"train\"?"},
		{[]string{"hush", "train", "--epsilom", "3"}, codeUsage, "error: unknown flag --epsilom\nhint: did you mean --epsilon?"},
		{[]string{"hush", "nets", "show", "cnn28-tahn"}, codeUsage, "did you mean \"cnn28-tanh\"?"},
	} {
		var out, errs bytes.Buffer
		if got := hush(c.args, &out, &errs); got != c.code {
			t.Errorf("%v: exit code %d, want %d", c.args, got, c.code)
		}
		if !strings.Contains(errs.String(), c.want) {
			t.Errorf("%v: stderr %q, want it to contain %q", c.args, errs.String(), c.want)
		}
		if out.Len() > 0 {
			t.Errorf("%v: wrote to stdout: %q", c.args, out.String())
		}
	}
}
