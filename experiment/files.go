package experiment

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/sbinet/npyio"
	"golang.org/x/sys/cpu"
	"gonum.org/v1/gonum/mat"

	"hush/accountant"
	"hush/audit"
	"hush/run"
	"hush/trainer"
)

// Files of a run that this room writes, beside those that run names.
const (
	splitFile = "internal/split.json"
	coinsFile = "internal/coins.json"
)

// coinsRecord is who entered by coin. It is kept apart from the key: a run that must continue under a fresh key keeps
// its coins.
type coinsRecord struct {
	Records []int  `json:"records"` // of the audit pool, ascending
	In      string `json:"in"`      // one digit each, 1: the unit is in
}

// begin writes what a new run has before its first step.
func (x *execution) begin() (err error) {
	p := x.plan
	if err := x.folder.WriteConfig(p.Config); err != nil {
		return err
	}
	env := run.NewEnv(x.o.Version, p.Kernels.Name())
	env.Started, env.Command = x.result.Started, x.o.Command
	if err := x.folder.WriteJSON(run.EnvFile, env); err != nil {
		return err
	}
	if err := x.folder.Write(splitFile, p.Split.Encode); err != nil {
		return err
	}
	coins := coinsRecord{In: digits(x.coins)}
	for _, u := range p.InPool {
		coins.Records = append(coins.Records, p.Records[u])
	}
	if err := x.folder.WriteJSON(coinsFile, coins); err != nil {
		return err
	}
	if err := x.folder.WriteKey(x.key); err != nil {
		return err
	}
	if x.ledger, err = x.folder.StartLedger(p.Config.Hash()); err != nil {
		return err
	}
	// At step 0 already: it says which program and kernel path the first steps were made with.
	return x.checkpoint(trainer.State{Weights: p.Initial()}, 0)
}

// unmake takes back what begin wrote of a run that never began: nothing is spent yet, and half a folder could neither be
// resumed nor be used again.
func (x *execution) unmake() error {
	dir, err := x.folder.Dir(), x.folder.Close()
	for _, part := range []string{"public", "internal", "secret"} {
		err = errors.Join(err, os.RemoveAll(x.folder.Path(part)))
	}
	os.Remove(dir) // only if empty, as it was when the run began to write
	return err
}

func digits(coins []bool) string {
	text := make([]byte, len(coins))
	for i, in := range coins {
		text[i] = '0'
		if in {
			text[i] = '1'
		}
	}
	return string(text)
}

// reopen reads an interrupted run back and decides how to go on.
func (x *execution) reopen(ctx context.Context) error {
	cfg, err := x.folder.ReadConfig()
	if err != nil {
		return err
	}
	if x.plan, err = trainer.NewPlan(ctx, cfg); err != nil {
		return err
	}
	started := time.Now()
	var env run.Env
	if text, err := x.folder.Read(run.EnvFile); err == nil && json.Unmarshal(text, &env) == nil {
		if t, err := time.Parse(time.RFC3339, env.Started); err == nil {
			started = t
		}
	}
	x.result = run.NewResult(started)
	if err := x.readCoins(); err != nil {
		return err
	}
	key, err := x.folder.ReadKey()
	if err != nil {
		return err
	}
	x.key = key
	if x.ledger, err = x.folder.ContinueLedger(cfg.Hash()); err != nil {
		return err
	}
	c, ok, err := x.folder.LoadCheckpoint(cfg.Hash())
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("experiment: %s is missing: the run ended before its first step (%w)", run.CheckpointFile, run.ErrFormat)
	}
	if c.Records != x.records() {
		return fmt.Errorf("experiment: data set or split are not those that the run began with (%w)", run.ErrFormat)
	}
	x.resume = c
	return x.goOn(c)
}

// records identifies what the run learns from: the content of the data set's files and the split. A step that is
// redone with other records and the same noise would show their difference without noise.
func (x *execution) records() string {
	h := sha256.New()
	fmt.Fprintln(h, x.plan.Set.Hash())
	if err := x.plan.Split.Encode(h); err != nil {
		panic("experiment: internal error: a split that cannot be encoded: " + err.Error())
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// goOn sets where the mechanism stands. Steps that the ledger holds and the checkpoint lacks are redone: to the same
// bits, at no charge, where key, program and kernel path are those of the checkpoint; else under a fresh key, charged
// again, because the difference of two releases that are equal but for rounding would cancel the noise.
func (x *execution) goOn(c *run.Checkpoint) (err error) {
	p := x.plan
	ahead, err := x.ledger.Ahead(c)
	if err != nil {
		return err
	}
	spent := x.ledger.Spending()
	if n := len(spent); n > 0 && spent[n-1].Event != p.Event() {
		return fmt.Errorf("experiment: the ledger holds %s, the config now gives %s (%w)", spent[n-1].Event, p.Event(), run.ErrFormat)
	}
	sameKey := c.KeyID == run.KeyID(x.key)
	same := sameKey && c.Version == x.program() && c.Kernels == p.Kernels.Name()
	x.position = trainer.Position{Step: c.Step, Charged: c.Step}
	if same {
		x.position.Charged += uint64(ahead)
	}
	if left := int64(p.Steps) - int64(x.position.Charged); left > 0 {
		if err := x.wall(spent.Add(p.Event(), left)); err != nil {
			return err
		}
	}
	if same {
		return x.folder.TrimMetrics(c.Step)
	}
	fresh := ahead > 0 || !sameKey
	if fresh {
		if x.key, err = trainer.FreshKey(); err != nil {
			return err
		}
	}
	// From now on the steps are this program's: whoever resumes next must know. The checkpoint comes before the key, see
	// Folder.WriteKey.
	c.Version, c.Kernels, c.KeyID, c.Charged = x.program(), p.Kernels.Name(), run.KeyID(x.key), x.ledger.Total()
	if err := x.folder.SaveCheckpoint(c); err != nil {
		return err
	}
	if fresh {
		if err := x.folder.WriteKey(x.key); err != nil {
			return err
		}
	}
	return x.folder.TrimMetrics(c.Step)
}

// ErrOtherProgram says why a resumed run would spend more than planned: it cannot redo to the same bits.
var ErrOtherProgram = errors.New("steps that another program or kernel path made, or whose key is gone, have to be made and charged again")

// wall refuses to go on where that would spend more than was claimed, or than the ceiling that the config fixed.
func (x *execution) wall(spending accountant.Spending) error {
	p := x.plan
	g, err := accountant.Epsilon(spending, p.Delta(), accountant.ZeroOut)
	if err != nil {
		return err
	}
	if limit := max(p.Claim.Epsilon, p.Config.MaxEpsilon); g.Epsilon > limit {
		return fmt.Errorf("%w: %w", &trainer.BudgetError{Epsilon: g.Epsilon, Wall: limit}, ErrOtherProgram)
	}
	return nil
}

func (x *execution) readCoins() error {
	text, err := x.folder.Read(coinsFile)
	if err != nil {
		return err
	}
	var c coinsRecord
	if err := json.Unmarshal(text, &c); err != nil || len(c.In) != len(x.plan.InPool) || strings.Trim(c.In, "01") != "" {
		return fmt.Errorf("experiment: %s does not fit the audit pool (%w)", coinsFile, run.ErrFormat)
	}
	for i, in := range c.In {
		if i >= len(c.Records) || c.Records[i] != x.plan.Records[x.plan.InPool[i]] {
			return fmt.Errorf("experiment: %s does not fit the audit pool (%w)", coinsFile, run.ErrFormat)
		}
		x.coins = append(x.coins, in == '1')
	}
	return nil
}

// program names the binary at work: its version and the hash of its file. Another binary may round differently.
func (x *execution) program() string {
	if x.binary == "" {
		x.binary = x.o.Version
		for _, path := range executables() {
			if f, err := os.Open(path); err == nil {
				h := sha256.New()
				_, err := io.Copy(h, f)
				f.Close()
				if err == nil {
					x.binary = fmt.Sprintf("%s %x fma=%t", x.o.Version, h.Sum(nil)[:8], cpu.X86.HasFMA) // the library's exp rounds otherwise without
					break
				}
			}
		}
	}
	return x.binary
}

// executables are paths of the running program. Linux has one that stays right when the file is replaced meanwhile.
func executables() []string {
	list := []string{"/proc/self/exe"}
	if path, err := os.Executable(); err == nil {
		list = append(list, path)
	}
	return list
}

// publish writes what DP covers: weights, statement and the declared constants of the input.
func (x *execution) publish(w *trainer.Weights) error {
	p := x.plan
	hash := p.Config.Hash()
	if err := x.folder.WriteModel(p.Tensors(w), hash); err != nil {
		return err
	}
	if err := x.folder.WriteJSON(run.StatementFile, run.NewStatement(x.result.Privacy, hash, x.o.Version)); err != nil {
		return err
	}
	card := run.PublicCard{Data: p.Set.Name(), Net: p.Config.Net, Height: p.Set.Shape().H, Width: p.Set.Shape().W, Channels: p.Set.Shape().C,
		Classes: p.Set.Classes(), Transform: p.Config.Transform, DeclaredPublic: declared(p), ConfigHash: hash}
	for _, k := range p.Set.Card().Constants {
		card.Constants = append(card.Constants, run.CardConstant{Name: k.Name, Values: k.Values, Source: k.Source, DeclaredBy: k.DeclaredBy})
	}
	return x.folder.WriteCard(card)
}

// writeSignals keeps what the attacks read: logits, labels, records and membership, as npy.
func (x *execution) writeSignals(s *audit.Signals) error {
	member := make([]uint8, len(s.Member))
	for i, in := range s.Member {
		if in {
			member[i] = 1
		}
	}
	index := make([]int64, len(s.Index))
	for i, r := range s.Index {
		index[i] = int64(r)
	}
	logits := mat.NewDense(len(s.Labels), s.Classes, nil)
	for i, v := range s.Logits {
		logits.Set(i/s.Classes, i%s.Classes, float64(v))
	}
	for _, f := range []struct {
		name string
		data any
	}{{"logits", logits}, {"labels", s.Labels}, {"records", index}, {"member", member}} {
		var b bytes.Buffer
		if err := npyio.Write(&b, f.data); err != nil {
			return fmt.Errorf("experiment: %s: %w", f.name, err)
		}
		if err := x.folder.WriteBytes(run.SignalsDir+"/"+f.name+".npy", b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
