package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync"

	"hush/accountant"
	"hush/internal/check"
)

// Ledger is the file that records every release. Append remembers, Sync makes it durable; whatever is derived from a
// release (a checkpoint, a metric, a progress line, a result) may leave the process only after the Sync that follows
// its Append. Folder syncs its own ledger before every write, so a caller has to think of it only before it prints.
//
// After a crash the file holds every release from which anything was derived, and at most releases more: it may
// overstate, never understate. docs/format/ledger.md describes the form. Safe for concurrent use.
type Ledger struct {
	mu       sync.Mutex
	path     string
	f        ledgerFile
	spent    accountant.Spending // recorded and pending
	total    int64               // releases in spent
	recorded int64               // releases in the file, synced
	crc      uint32              // of all lines so far
	pending  accountant.Spending // appended since the last Sync
	broken   error               // set once; the file may end in half a line
}

// ledgerFile is what a Ledger needs of *os.File; tests put faults in.
type ledgerFile interface {
	io.WriteCloser
	Sync() error
}

const ledgerFormat = "hush.ledger/1"

// ledgerHead is the first line.
type ledgerHead struct {
	Format     string `json:"format"`
	ConfigHash string `json:"config_hash"`
}

// ledgerLine is every other line: one event, how often, the total up to here, and a CRC-32 (IEEE) of all lines up to
// this point of this one.
type ledgerLine struct {
	Event json.RawMessage `json:"event"`
	Count int64           `json:"count"`
	Total int64           `json:"total"`
	CRC   string          `json:"crc"`
}

// CreateLedger makes a new, empty ledger at path. A file that is there already is an error: spending is never erased.
func CreateLedger(path, configHash string) (*Ledger, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, check.Fail("run", "ledger", path, "must not exist yet")
	}
	head, err := json.Marshal(ledgerHead{ledgerFormat, configHash})
	if err != nil {
		return nil, err
	}
	head = append(head, '\n')
	if err := WriteFile(path, func(w io.Writer) error { _, err := w.Write(head); return err }); err != nil {
		return nil, err
	}
	return openLedger(path, ledgerState{size: int64(len(head)), crc: crc32.ChecksumIEEE(head)})
}

// OpenLedger opens a ledger to go on with it. Half a line at the end, which a crash leaves, is cut off: nothing was
// derived from it. The config hash must be the file's.
func OpenLedger(path, configHash string) (*Ledger, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, readError(path, err)
	}
	s, err := parseLedger(text)
	if err != nil {
		return nil, err
	}
	if s.head.ConfigHash != configHash {
		return nil, formatError("ledger", "belongs to another config")
	}
	return openLedger(path, s)
}

// readError names the path on one line.
func readError(path string, err error) error {
	return fmt.Errorf("run: cannot read %w", unwrapPath(err, path))
}

func openLedger(path string, s ledgerState) (*Ledger, error) {
	f, err := os.OpenFile(path, os.O_WRONLY, fileMode)
	if err != nil {
		return nil, writeError(path, err)
	}
	err = f.Truncate(s.size)
	if err == nil { // not O_APPEND, with which Windows does not truncate; the folder's lock keeps others away
		_, err = f.Seek(0, io.SeekEnd)
	}
	if err == nil && s.open { // a whole line that lacks only its end
		_, err = f.Write([]byte("\n"))
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		f.Close()
		return nil, writeError(path, err)
	}
	return &Ledger{path: path, f: f, spent: s.spent, total: s.total, recorded: s.total, crc: s.crc}, nil
}

// Append records count ≥ 1 releases of event. It is durable after the next Sync.
func (l *Ledger) Append(event accountant.Event, count int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return l.broken
	}
	if err := check.AtLeast("run", "number of releases", count, 1); err != nil {
		return err
	}
	pending := l.pending.Add(event, count)
	if err := pending.Check(); err != nil {
		return err
	}
	if count > maxSteps-l.total {
		return check.Fail("run", "number of releases", count, "must keep the total within 2^53")
	}
	l.pending, l.spent, l.total = pending, l.spent.Add(event, count), l.total+count
	return nil
}

// Sync writes what was appended and waits until it is on the disk. After an error every later call fails: the file
// may end in half a line, which OpenLedger can tell from a whole one.
func (l *Ledger) Sync() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sync()
}

func (l *Ledger) sync() error {
	if l.broken != nil || len(l.pending) == 0 {
		return l.broken
	}
	var lines bytes.Buffer
	crc, total := l.crc, l.recorded
	for _, c := range l.pending {
		total += c.Count
		line, err := formatLine(c, total, &crc)
		if err != nil {
			return err
		}
		lines.Write(line)
	}
	_, err := l.f.Write(lines.Bytes())
	if err == nil {
		err = l.f.Sync()
	}
	if err != nil {
		l.broken = writeError(l.path, err)
		return l.broken
	}
	l.crc, l.recorded, l.pending = crc, total, nil
	return nil
}

// formatLine writes one line and moves the checksum on over all of it.
func formatLine(c accountant.Charge, total int64, crc *uint32) ([]byte, error) {
	event, err := accountant.EncodeEvent(c.Event)
	if err != nil {
		return nil, err
	}
	body := fmt.Appendf(nil, `{"event":%s,"count":%d,"total":%d`, event, c.Count, total)
	line := fmt.Appendf(body, `,"crc":"%08x"}`+"\n", crc32.Update(*crc, crc32.IEEETable, body))
	*crc = crc32.Update(*crc, crc32.IEEETable, line)
	return line, nil
}

// Spending is everything appended so far, synced or not.
func (l *Ledger) Spending() accountant.Spending {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append(accountant.Spending{}, l.spent...)
}

// Total is the number of releases appended so far: what a checkpoint records as Charged.
func (l *Ledger) Total() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

// Ahead returns how many releases after those of a checkpoint are charged already. With the checkpoint's key, program
// and kernel path these steps are redone to the same bits and not charged again. A ledger that holds less than
// the checkpoint was charged has lost lines: that is an error, as continuing would understate.
func (l *Ledger) Ahead(c *Checkpoint) (int64, error) {
	if n := l.Total() - c.Charged; n >= 0 && c.Charged >= 0 {
		return n, nil
	}
	return 0, formatError("ledger", "records %d releases, the checkpoint says %d", l.Total(), c.Charged)
}

// Close syncs and closes.
func (l *Ledger) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f == nil {
		return nil
	}
	err := errors.Join(l.sync(), l.f.Close())
	l.f = nil
	if l.broken == nil {
		l.broken = errors.New("run: the ledger is closed")
	}
	return err
}

// ReadLedger returns the spending in the ledger at path, which must be whole: half a line at the end is an error.
func ReadLedger(path string) (accountant.Spending, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, readError(path, err)
	}
	s, err := parseLedger(text)
	if err != nil {
		return nil, err
	}
	if s.size != int64(len(text)) || s.open {
		return nil, formatError("ledger", "ends in half a line")
	}
	return s.spent, nil
}

// ledgerState is what a ledger file says.
type ledgerState struct {
	head  ledgerHead
	spent accountant.Spending
	total int64
	crc   uint32
	size  int64 // bytes of whole lines
	open  bool  // the last of them lacks its newline
}

// parseLedger reads a ledger file. Every line that ends in a newline must be right. What follows the last newline was
// being written when the process died: it counts if it is whole, else it is left out (size tells).
func parseLedger(text []byte) (s ledgerState, err error) {
	end := bytes.IndexByte(text, '\n')
	if end < 0 {
		return s, formatError("ledger", "has no first line")
	}
	if err := strictJSON(text[:end], &s.head); err != nil || s.head.Format != ledgerFormat {
		return s, formatError("ledger", "has format %q, this program reads %q", s.head.Format, ledgerFormat)
	}
	s.size, s.crc = int64(end+1), crc32.ChecksumIEEE(text[:end+1])
	for n := 2; int(s.size) < len(text); n++ {
		rest := text[s.size:]
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			if next, err := s.line(rest); err == nil {
				next.size, next.open = s.size+int64(len(rest)), true
				return next, nil
			}
			return s, nil
		}
		next, err := s.line(rest[:end])
		if err != nil {
			return s, formatError("ledger", "is wrong in line %d: %v", n, err)
		}
		next.size = s.size + int64(end+1)
		s = next
	}
	return s, nil
}

// line returns the state after one more line, given without its newline.
func (s ledgerState) line(text []byte) (ledgerState, error) {
	var l ledgerLine
	if err := strictJSON(text, &l); err != nil {
		return s, err
	}
	event, err := accountant.DecodeEvent(l.Event)
	if err != nil {
		return s, err
	}
	if l.Count < 1 || l.Count > maxSteps-s.total || l.Total != s.total+l.Count {
		return s, errors.New("count and total do not agree")
	}
	crc := s.crc
	want, err := formatLine(accountant.Charge{Event: event, Count: l.Count}, l.Total, &crc)
	if err != nil {
		return s, err
	}
	if !bytes.Equal(want, append(bytes.Clone(text), '\n')) {
		return s, errors.New("the checksum or the form is wrong")
	}
	s.spent, s.total, s.crc = s.spent.Add(event, l.Count), l.Total, crc
	return s, nil
}

// strictJSON reads one JSON value without unknown fields.
func strictJSON(text []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}
