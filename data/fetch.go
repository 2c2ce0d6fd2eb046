package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// FetchOptions say how to fetch.
type FetchOptions struct {
	Client   *http.Client                         // nil = one with sensible timeouts
	Mirror   string                               // tried first, as Mirror/SET/FILE; "" = none. Checksums hold for it as for any
	Stall    time.Duration                        // give a mirror up after so long without a byte; 0 = 30 s
	Progress func(file string, done, total int64) // after each piece; total 0 = not known; nil = silent
}

// Fetch brings the files of a set into a folder: those that are there and right stay, others are downloaded, verified
// and only then moved to their name. A download that breaks off, or that ctx ends, leaves FILE.part, from which the
// next one resumes. The error is an *Error of Kind Checksum if a mirror delivered wrong bytes and none right ones, of
// Kind Network if none delivered at all.
func Fetch(ctx context.Context, card *Card, folder string, o FetchOptions) error {
	if card.Embedded() {
		return nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return &Error{Kind: NotFound, Set: card.Name, Path: folder, Message: "cannot be made", Err: cause(err)}
	}
	files := card.Files
	if card.Archive != nil {
		files = []File{*card.Archive}
	}
	if o.Client == nil {
		o.Client = &http.Client{Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: 30 * time.Second, TLSHandshakeTimeout: 15 * time.Second, ForceAttemptHTTP2: true,
		}}
	}
	if o.Stall == 0 {
		o.Stall = 30 * time.Second
	}
	for i := range files {
		d := download{card: card, file: &files[i], path: filepath.Join(folder, files[i].Name), o: o}
		if here := existing(d.path); here != "" {
			if _, err := checkFile(ctx, here, d.file); err == nil {
				continue
			}
		}
		if err := d.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// checkFile reads the file at path and compares it with the variants of f.
func checkFile(ctx context.Context, path string, f *File) (*Variant, error) {
	c, err := openPath(path)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	sums, err := consume(ctx, c, f, func(io.Reader) error { return nil })
	if sums == nil {
		return nil, err
	}
	if v := f.match(sums); v != nil {
		return v, nil
	}
	return nil, f.mismatch(sums)
}

// download is one file on its way.
type download struct {
	card *Card
	file *File
	path string // where it goes; path + ".part" until it is whole
	o    FetchOptions
}

// writing marks an error of the local disk, for which no other mirror is a cure.
type writing struct{ error }

func (w writing) Unwrap() error { return w.error }

// tries is how often one mirror may break off, as long as each try brings something.
const tries = 5

func (d *download) run(ctx context.Context) error {
	urls := d.file.URLs
	if d.o.Mirror != "" {
		urls = append([]string{strings.TrimSuffix(d.o.Mirror, "/") + "/" + d.card.Name + "/" + d.file.Name}, urls...)
	}
	failed := &Error{Kind: Network, Set: d.card.Name, Message: "no mirror delivered " + d.file.Name}
	var reasons []string
	for _, url := range urls {
		for range tries {
			before := d.partial()
			err := d.attempt(ctx, url)
			if err == nil {
				return d.finish()
			}
			if ctx.Err() != nil {
				return fmt.Errorf("data: %s: %s: %w", d.card.Name, d.file.Name, context.Cause(ctx))
			}
			if w := (writing{}); errors.As(err, &w) {
				return fmt.Errorf("data: %s: %s: %w", d.card.Name, d.path+".part", cause(w.error))
			}
			wrong := (*Error)(nil)
			if errors.As(err, &wrong) && wrong.Kind != Network {
				failed.Kind = Checksum
			}
			reasons = append(reasons, fmt.Sprintf("%s: %s", url, message(err)))
			resumedWrong := wrong != nil && before > 0 // the piece from before may be to blame
			if !resumedWrong && d.partial() <= before {
				break
			}
		}
	}
	failed.Message += ": " + strings.Join(reasons, "; ")
	return failed
}

// partial is the number of bytes that are already here.
func (d *download) partial() int64 {
	info, err := os.Stat(d.path + ".part")
	if err != nil {
		return 0
	}
	return info.Size()
}

// attempt asks one mirror for what is missing. It returns nil if the file is whole and right.
func (d *download) attempt(ctx context.Context, url string) error {
	part, err := os.OpenFile(d.path+".part", os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return writing{err}
	}
	defer part.Close()
	have, err := part.Seek(0, io.SeekEnd)
	if err != nil {
		return writing{err}
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(d.o.Stall, func() { cancel(fmt.Errorf("nothing came for %v", d.o.Stall)) })
	defer stalled.Stop()
	resp, err := d.ask(ctx, url, have)
	if err != nil {
		return because(ctx, err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusOK:
		have = 0
	case resp.StatusCode == http.StatusPartialContent && strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", have)):
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && have > 0: // all bytes are here, or too many
		resp.ContentLength = 0
		resp.Body = http.NoBody
	default:
		return &Error{Kind: Network, Message: "the server answers " + resp.Status}
	}
	if err := part.Truncate(have); err != nil {
		return writing{err}
	}
	if _, err := part.Seek(have, io.SeekStart); err != nil {
		return writing{err}
	}
	if err := d.receive(part, resp, have, func() { stalled.Reset(d.o.Stall) }); err != nil {
		return because(ctx, err)
	}
	stalled.Stop()
	if err := part.Sync(); err != nil {
		return writing{err}
	}
	if _, err := checkFile(ctx, part.Name(), d.file); err != nil {
		if ctx.Err() == nil {
			os.Remove(part.Name())
		}
		return err
	}
	return nil
}

// ask sends the request, for the bytes from have on.
func (d *download) ask(ctx context.Context, from string, have int64) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "hush")
	req.Header.Set("Accept-Encoding", "identity") // else a .gz might be unpacked on the way
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	resp, err := d.o.Client.Do(req)
	if u := (*url.Error)(nil); errors.As(err, &u) { // it repeats the address
		err = u.Err
	}
	return resp, err
}

// receive appends the body to part and calls alive after each piece.
func (d *download) receive(part io.Writer, resp *http.Response, have int64, alive func()) error {
	// A server may not fill the disk: twice the size as distributed leaves room for re-packed variants.
	limit, total := int64(8<<30), int64(0)
	if d.file.Size > 0 {
		limit = 2*d.file.Size + 1<<20
	}
	if resp.ContentLength >= 0 {
		total = have + resp.ContentLength
	}
	buf := make([]byte, 1<<16)
	for {
		n, err := resp.Body.Read(buf)
		if n > 0 {
			alive()
			if have += int64(n); have > limit {
				return &Error{Kind: Network, Message: fmt.Sprintf("the server sends more than %d bytes", limit)}
			}
			if _, err := part.Write(buf[:n]); err != nil {
				return writing{err}
			}
			if d.o.Progress != nil {
				d.o.Progress(d.file.Name, have, total)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// because returns why ctx ended, if it did, in place of what that broke.
func because(ctx context.Context, err error) error {
	if c := context.Cause(ctx); c != nil {
		return &Error{Kind: Network, Message: c.Error(), Err: err}
	}
	return err
}

// finish moves the verified part to its name and syncs the folder.
func (d *download) finish() error {
	if err := os.Rename(d.path+".part", d.path); err != nil {
		return fmt.Errorf("data: %s: %w", d.card.Name, err)
	}
	dir, err := os.Open(filepath.Dir(d.path))
	if err != nil {
		return nil // the rename itself has succeeded
	}
	defer dir.Close()
	dir.Sync()
	return nil
}
