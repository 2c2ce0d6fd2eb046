package data

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// reader decodes the files of one format.
type reader func(in *input) (*decoded, error)

// decoded is what a reader found, part by part (train, validation, test).
type decoded [3]block

// block is the records of one part. A row that was rejected has label −1 and its place in the store.
type block struct {
	labels  []int32
	records store
}

// input gives a reader the content of a set's files, verified.
type input struct {
	ctx   context.Context
	card  *Card
	open  func(f *File) (*content, error) // one file of the card
	whole func() (*content, error)        // the archive that holds all of them, or nil
	sizes map[string]int64                // bytes of each file as stored, once it is open: bounds what a header may claim

	excluded []int
	notes    []string
	sums     map[string]string // ContentSHA256 by file name
}

// content is an open file as it is stored.
type content struct {
	io.ReadCloser
	path string
	size int64
}

func openPath(p string) (*content, error) {
	f, err := os.Open(p)
	if err != nil {
		kind := Corrupt
		if errors.Is(err, fs.ErrNotExist) {
			kind = NotFound
		}
		return nil, &Error{Kind: kind, Path: p, Message: "cannot be opened", Err: cause(err)}
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		f.Close()
		return nil, &Error{Kind: Corrupt, Path: p, Message: "is not a file", Err: err}
	}
	return &content{f, p, info.Size()}, nil
}

// cause drops the path that an *fs.PathError repeats.
func cause(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}

// walk calls visit with the uncompressed content of each file of the card, by its name there, in the order in which
// they are stored. What visit leaves is read to the end, and the content is compared with the accepted variants. A
// checksum error goes before an error of visit, which it explains.
func (in *input) walk(visit func(name string, r io.Reader) error) error {
	if in.whole != nil {
		return in.walkArchive(visit)
	}
	for i := range in.card.Files {
		f := &in.card.Files[i]
		c, err := in.open(f)
		if err != nil {
			return in.named(err, "")
		}
		in.sizes[f.Name] = c.size
		sums, err := consume(in.ctx, c, f, func(r io.Reader) error { return visit(f.Name, r) })
		c.Close()
		if err := in.accept(f, sums, c.path, err); err != nil {
			return err
		}
	}
	return nil
}

func (in *input) walkArchive(visit func(name string, r io.Reader) error) error {
	c, err := in.whole()
	if err != nil {
		return in.named(err, "")
	}
	defer c.Close()
	body, err := uncompressed(bufio.NewReaderSize(&cancelable{in.ctx, c}, 1<<16))
	if err != nil {
		return in.named(unreadable(err), c.path)
	}
	seen := map[string]bool{}
	for t := tar.NewReader(body); ; {
		h, err := t.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return in.named(unreadable(err), c.path)
		}
		for i := range in.card.Files {
			f := &in.card.Files[i]
			if base := path.Base(h.Name); seen[f.Name] || base != f.Name && base+".gz" != f.Name {
				continue
			}
			seen[f.Name] = true
			in.sizes[f.Name] = h.Size
			member := &content{io.NopCloser(t), c.path + "/" + h.Name, h.Size}
			sums, err := consume(in.ctx, member, f, func(r io.Reader) error { return visit(f.Name, r) })
			if err := in.accept(f, sums, member.path, err); err != nil {
				return err
			}
		}
	}
	for _, f := range in.card.Files {
		if !seen[f.Name] {
			return in.named(corrupt("%s is not in the archive", f.Name), c.path)
		}
	}
	return nil
}

// accept compares sums with the variants of f and remembers what the matching one says. err is what visiting returned.
func (in *input) accept(f *File, sums map[HashKind]string, path string, err error) error {
	if sums == nil {
		return in.named(err, path)
	}
	v := f.match(sums)
	if v == nil {
		return in.named(f.mismatch(sums), path)
	}
	if err != nil {
		return in.named(err, path)
	}
	in.sums[f.Name] = sums[ContentSHA256]
	in.excluded = append(in.excluded, v.Exclude...)
	if v.Note != "" {
		in.notes = append(in.notes, f.Name+": "+v.Note)
	}
	return nil
}

// named fills set and path into an *Error that lacks them.
func (in *input) named(err error, path string) error {
	if e := (*Error)(nil); errors.As(err, &e) {
		named := *e
		if named.Set == "" {
			named.Set = in.card.Name
		}
		if named.Path == "" {
			named.Path = path
		}
		return &named
	}
	if in.ctx.Err() != nil {
		return fmt.Errorf("data: %s: %w", in.card.Name, context.Cause(in.ctx))
	}
	return &Error{Kind: Corrupt, Set: in.card.Name, Path: path, Message: "cannot be read", Err: err}
}

// consume uncompresses c if it is gzip, gives it to visit, reads what is left and returns every checksum that f's
// variants use, ContentSHA256 always. sums is nil if c could not be read to its end; err is then why, else what visit
// returned.
func consume(ctx context.Context, c *content, f *File, visit func(io.Reader) error) (sums map[HashKind]string, err error) {
	file, inner := map[HashKind]hash.Hash{}, map[HashKind]hash.Hash{ContentSHA256: sha256.New()}
	for _, v := range f.Variants {
		for _, h := range v.Hashes {
			switch h.Kind {
			case ContentMD5:
				inner[h.Kind] = md5.New()
			case FileSHA256:
				file[h.Kind] = sha256.New()
			case FileMD5:
				file[h.Kind] = md5.New()
			case GitBlob: // sha1("blob SIZE\0" + bytes)
				file[h.Kind] = sha1.New()
				fmt.Fprintf(file[h.Kind], "blob %d\x00", c.size)
			}
		}
	}
	stored := io.TeeReader(&cancelable{ctx, c}, writers(file))
	buffered := bufio.NewReaderSize(stored, 1<<16)
	body, err := uncompressed(buffered)
	if err != nil {
		return nil, unreadable(err)
	}
	body = &failing{r: io.TeeReader(body, writers(inner))}
	visitErr := visit(body)
	if body.(*failing).err == nil {
		io.Copy(io.Discard, body)
	}
	if err := body.(*failing).err; err != nil {
		return nil, unreadable(err)
	}
	if _, err := io.Copy(io.Discard, buffered); err != nil {
		return nil, unreadable(err)
	}
	sums = map[HashKind]string{}
	for kind, h := range file {
		sums[kind] = hex.EncodeToString(h.Sum(nil))
	}
	for kind, h := range inner {
		sums[kind] = hex.EncodeToString(h.Sum(nil))
	}
	return sums, visitErr
}

func writers(hashes map[HashKind]hash.Hash) io.Writer {
	var w []io.Writer
	for _, h := range hashes {
		w = append(w, h)
	}
	return io.MultiWriter(w...)
}

// uncompressed returns r, behind a gzip reader if it begins like one.
func uncompressed(r *bufio.Reader) (io.Reader, error) {
	magic, err := r.Peek(2)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		return gzip.NewReader(r)
	}
	return r, nil
}

// unreadable turns an error of reading into an *Error, except that of an ended context.
func unreadable(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if e := (*Error)(nil); errors.As(err, &e) {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return corrupt("is truncated")
	}
	return &Error{Kind: Corrupt, Message: "cannot be read", Err: err}
}

// cancelable stops reading when ctx ends.
type cancelable struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancelable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// failing remembers the first error of r that is not io.EOF.
type failing struct {
	r   io.Reader
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}

// match returns the variant that sums belong to, or nil.
func (f *File) match(sums map[HashKind]string) *Variant {
	for i := range f.Variants {
		for _, h := range f.Variants[i].Hashes {
			if sums[h.Kind] == h.Sum {
				return &f.Variants[i]
			}
		}
	}
	return nil
}

// mismatch is the error of content that is no accepted variant, with the checksum found and those accepted.
func (f *File) mismatch(sums map[HashKind]string) *Error {
	kind := f.Variants[0].Hashes[0].Kind
	var want []string
	for _, v := range f.Variants {
		for _, h := range v.Hashes {
			if h.Kind == kind {
				want = append(want, h.Sum)
			}
		}
	}
	return &Error{Kind: Checksum, Message: fmt.Sprintf("wrong checksum: %s is %s, accepted is %s", kind, sums[kind], strings.Join(want, " or "))}
}

// readUpTo reads exactly n bytes. Memory grows with what r really holds, not with n: a header may claim anything.
func readUpTo(r io.Reader, n int64) ([]byte, error) {
	buf := make([]byte, 0, min(n, 1<<20))
	for int64(len(buf)) < n {
		if len(buf) == cap(buf) {
			grown := make([]byte, len(buf), min(n, 2*int64(cap(buf))))
			copy(grown, buf)
			buf = grown
		}
		k, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+k]
		if err != nil {
			if err == io.EOF || err == io.ErrUnexpectedEOF {
				return nil, corrupt("holds %d bytes where its header promises %d", len(buf), n)
			}
			return nil, err
		}
	}
	return buf, nil
}
