package data

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// payload is the file that the test servers hold: 300,000 bytes, so that a body has several pieces.
func payload() []byte {
	b := make([]byte, 300_000)
	for i := range b {
		b[i] = byte(i>>8 ^ i*7)
	}
	return b
}

// fetchCard is the card of a set with one file at the given addresses.
func fetchCard(urls ...string) *Card {
	return &Card{Name: "toy", Folders: []string{"toy"}, Files: []File{{
		Name: "toy.bin", Size: 300_000, URLs: urls,
		Variants: []Variant{{Hashes: []Hash{{FileSHA256, fmt.Sprintf("%x", sha256.Sum256(payload()))}}}},
	}}}
}

// server serves over TLS and returns its address and a client that trusts it.
func server(t *testing.T, h http.HandlerFunc) (string, *http.Client) {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	return s.URL + "/toy.bin", s.Client()
}

// good serves the payload with ranges.
func good(w http.ResponseWriter, r *http.Request) {
	http.ServeContent(w, r, "toy.bin", time.Time{}, bytes.NewReader(payload()))
}

// wantFile checks that the file is whole and that nothing else is left in the folder.
func wantFile(t *testing.T, folder string) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(folder, "toy.bin"))
	if err != nil || !bytes.Equal(got, payload()) {
		t.Errorf("the file is not what was served: %d bytes, %v", len(got), err)
	}
	if entries, _ := os.ReadDir(folder); len(entries) != 1 {
		t.Errorf("the folder holds %v", entries)
	}
}

func TestFetch(t *testing.T) {
	var asked atomic.Int32
	url, client := server(t, func(w http.ResponseWriter, r *http.Request) { asked.Add(1); good(w, r) })
	folder := filepath.Join(t.TempDir(), "a", "b")
	var last int64
	o := FetchOptions{Client: client, Progress: func(_ string, done, total int64) {
		if done < last || total != 300_000 {
			t.Errorf("progress %d of %d after %d", done, total, last)
		}
		last = done
	}}
	if err := Fetch(t.Context(), fetchCard(url), folder, o); err != nil {
		t.Fatal(err)
	}
	wantFile(t, folder)
	if last != 300_000 {
		t.Errorf("progress ended at %d", last)
	}
	if err := Fetch(t.Context(), fetchCard(url), folder, o); err != nil || asked.Load() != 1 {
		t.Errorf("a whole file was fetched again: %d requests, %v", asked.Load(), err)
	}
	if err := os.WriteFile(filepath.Join(folder, "toy.bin"), []byte("broken"), 0o644); err != nil {
		t.Fatal(err)
	}
	last = 0
	if err := Fetch(t.Context(), fetchCard(url), folder, o); err != nil {
		t.Fatal(err)
	}
	wantFile(t, folder)
}

// TestFetchResumes: a server that breaks off after 100,000 bytes each time is asked for the rest, not for all again.
func TestFetchResumes(t *testing.T) {
	var ranges []string
	url, client := server(t, func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		var from int
		fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
		if from > 0 {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-299999/300000", from))
		}
		w.Header().Set("Content-Length", fmt.Sprint(300_000-from))
		if from > 0 {
			w.WriteHeader(http.StatusPartialContent)
		}
		w.Write(payload()[from:min(from+100_000, 300_000)])
	})
	folder := t.TempDir()
	if err := Fetch(t.Context(), fetchCard(url), folder, FetchOptions{Client: client}); err != nil {
		t.Fatal(err)
	}
	wantFile(t, folder)
	if got := strings.Join(ranges, " "); got != " bytes=100000- bytes=200000-" {
		t.Errorf("ranges %q", got)
	}
}

// TestFetchResumesFromBefore: a .part of an earlier call is continued; one that is wrong is found out and dropped.
func TestFetchResumesFromBefore(t *testing.T) {
	for _, c := range []struct {
		what     string
		part     []byte
		requests int32
	}{
		{"right", payload()[:123_456], 1},
		{"wrong", bytes.Repeat([]byte("x"), 123_456), 2},
		{"whole", payload(), 1},
		{"too long", append(payload(), 'x'), 2},
	} {
		t.Run(c.what, func(t *testing.T) {
			var asked atomic.Int32
			url, client := server(t, func(w http.ResponseWriter, r *http.Request) { asked.Add(1); good(w, r) })
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, "toy.bin.part"), c.part, 0o644); err != nil {
				t.Fatal(err)
			}
			if err := Fetch(t.Context(), fetchCard(url), folder, FetchOptions{Client: client}); err != nil {
				t.Fatal(err)
			}
			wantFile(t, folder)
			if asked.Load() != c.requests {
				t.Errorf("%d requests, want %d", asked.Load(), c.requests)
			}
		})
	}
}

// TestFetchMirrors: bad mirrors are passed over; what they did wrong is in the error when none is left.
func TestFetchMirrors(t *testing.T) {
	truncated := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "300000")
		w.Write(payload()[:1000])
	}
	for _, c := range []struct {
		what string
		bad  http.HandlerFunc
		kind Kind
		want string
	}{
		{"not found", http.NotFound, Network, "the server answers 404 Not Found"},
		{"wrong bytes", func(w http.ResponseWriter, r *http.Request) { w.Write(payload()[:999]) }, Checksum,
			"wrong checksum: sha256 of the file is " + fmt.Sprintf("%x", sha256.Sum256(payload()[:999])) + ", accepted is " + fmt.Sprintf("%x", sha256.Sum256(payload()))},
		{"truncated for good", truncated, Network, "unexpected EOF"},
		{"an endless body", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(payload()); err != nil {
					return
				}
			}
		}, Network, "the server sends more than 1648576 bytes"},
		{"silence", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, Network, "nothing came for 2s"},
		{"a range that was not asked for", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Range", "bytes 7-299999/300000")
			w.WriteHeader(http.StatusPartialContent)
		}, Network, "206 Partial Content"},
	} {
		t.Run(c.what, func(t *testing.T) {
			both, client := server(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/good/") {
					good(w, r)
					return
				}
				c.bad(w, r)
			})
			o := FetchOptions{Client: client}
			if c.what == "silence" {
				o.Stall = 2 * time.Second // long beside what a loaded machine takes for a handshake
			}
			base := strings.TrimSuffix(both, "/toy.bin")
			folder := t.TempDir()
			err := Fetch(t.Context(), fetchCard(base+"/bad/toy.bin"), folder, o)
			if e := (*Error)(nil); !errors.As(err, &e) || e.Kind != c.kind || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "/bad/toy.bin") {
				t.Errorf("got %v\nwant %s with %q", err, c.kind, c.want)
			}
			if _, err := os.Stat(filepath.Join(folder, "toy.bin")); err == nil {
				t.Error("a file was left that is not whole")
			}
			folder = t.TempDir()
			o.Mirror = base + "/bad/"
			if err := Fetch(t.Context(), fetchCard(base+"/good/toy.bin"), folder, o); err != nil {
				t.Fatal(err)
			}
			wantFile(t, folder)
		})
	}
}

// TestFetchSlow: a server that sends something now and then is waited for, and may be interrupted; what came is kept.
func TestFetchSlow(t *testing.T) {
	url, client := server(t, func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < 300_000; i += 30_000 {
			w.Write(payload()[i : i+30_000])
			w.(http.Flusher).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	})
	folder := t.TempDir()
	if err := Fetch(t.Context(), fetchCard(url), folder, FetchOptions{Client: client, Stall: 5 * time.Second}); err != nil {
		t.Fatal(err)
	}
	wantFile(t, folder)

	folder = t.TempDir()
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("caught interrupt")
	err := Fetch(ctx, fetchCard(url), folder, FetchOptions{Client: client, Progress: func(_ string, done, _ int64) {
		if done > 100_000 {
			cancel(stop)
		}
	}})
	if !errors.Is(err, stop) {
		t.Errorf("got %v, want the cause of the interruption", err)
	}
	if info, err := os.Stat(filepath.Join(folder, "toy.bin.part")); err != nil || info.Size() < 100_000 {
		t.Errorf("what came was not kept: %v", err)
	}
}

// TestFetchNowhere: a folder that cannot be made is an error of the disk, not of the network.
func TestFetchNowhere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	err := Fetch(t.Context(), fetchCard("https://localhost/"), filepath.Join(file, "toy"), FetchOptions{})
	if err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("got %v", err)
	}
}

// TestCheckFileReadsGzip: content hashes look through the wrapping, file hashes do not.
func TestCheckFileReadsGzip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.gz")
	if err := os.WriteFile(path, gz([]byte("hello")), 0o644); err != nil {
		t.Fatal(err)
	}
	content := fmt.Sprintf("%x", sha256.Sum256([]byte("hello")))
	if _, err := checkFile(t.Context(), path, &File{Variants: []Variant{{Hashes: []Hash{{ContentSHA256, content}}}}}); err != nil {
		t.Error(err)
	}
	if _, err := checkFile(t.Context(), path, &File{Variants: []Variant{{Hashes: []Hash{{FileSHA256, content}}}}}); err == nil {
		t.Error("the file's hash was taken from its content")
	}
	// git hash-object of a file with "hello": b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0
	plain := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(plain, []byte("hello"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := checkFile(t.Context(), plain, &File{Variants: []Variant{{Hashes: []Hash{{GitBlob, "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0"}}}}}); err != nil {
		t.Error(err)
	}
}
