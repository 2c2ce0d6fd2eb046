package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestDataFetch runs the script of hush data fetch beside a server whose first folder says how it behaves.
func TestDataFetch(t *testing.T) {
	real := sharedData()
	if real == "" {
		t.Skip("no real data sets here: set HUSH_DATA to a folder that holds mnist/, medical-tabular/, …")
	}
	file := filepath.Join(real, "medical-tabular", "wdbc_breast_cancer.csv")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !strings.HasSuffix(r.URL.Path, "/wdbc/wdbc_breast_cancer.csv"):
			http.NotFound(w, r)
		case strings.HasPrefix(r.URL.Path, "/good/"):
			http.ServeFile(w, r, file)
		case strings.HasPrefix(r.URL.Path, "/half/") && r.Header.Get("Range") == "":
			w.Header().Set("Content-Length", strconv.Itoa(119913))
			http.ServeFile(&half{ResponseWriter: w}, r, file)
		case strings.HasPrefix(r.URL.Path, "/wrong/"):
			w.Write([]byte("569,30,malignant,benign\n"))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close) // not deferred: the script runs beside, after this function
	testscript.Run(t, testscript.Params{
		Files: []string{filepath.Join("testdata", "script", "data_fetch.txtar")},
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("MIRROR", server.URL)
			return nil
		},
		Condition: func(cond string) (bool, error) { return cond == "mirror", nil },
		Cmds:      map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// half is a response that ends after 50,000 bytes.
type half struct {
	http.ResponseWriter
	written int
}

func (h *half) Write(b []byte) (int, error) {
	if h.written+len(b) > 50_000 {
		b = b[:max(0, 50_000-h.written)]
		h.written += len(b)
		h.ResponseWriter.Write(b)
		return 0, http.ErrContentLength
	}
	h.written += len(b)
	return h.ResponseWriter.Write(b)
}
