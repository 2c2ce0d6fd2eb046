package experiment

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"

	"hush/accountant"
	"hush/data"
	"hush/run"
	"hush/trainer"
)

// describe fills the part of the result that says what was run and what it cost.
func (x *execution) describe() error {
	p, r := x.plan, x.result
	r.Run, r.Version, r.ConfigHash = filepath.Base(x.folder.Dir()), x.o.Version, p.Config.Hash()
	r.Machine = run.Machine{CPU: run.CPUName(), Cores: runtime.NumCPU(), Kernels: p.Kernels.Name()}
	if a, ok := p.Config.Answer(); ok {
		r.Recipe = &a
	}
	duplicates := 0
	for _, o := range data.Overlaps(p.Set, p.Split) {
		if o.A != o.B {
			duplicates += o.InB
		}
	}
	r.Data = run.Data{Name: p.Set.Name(), Card: p.Set.Card().Name, SHA256: p.Set.Hash(), Train: len(p.Records), Test: len(p.Split.Test),
		AuditUnits: len(p.InPool), Units: p.Set.Len(), RejectedRows: p.Set.Rejected(), Duplicates: duplicates, Classes: p.Set.Classes()}
	r.Net = run.Net{Name: p.Config.Net, Parameters: p.Net.NumParams()}
	r.Speed.PeakMemoryBytes = run.PeakMemory()
	return x.statePrivacy(x.ledger.Spending())
}

// statePrivacy fills the statement from what the ledger holds, which is all that was spent.
func (x *execution) statePrivacy(spent accountant.Spending) error {
	p, s := x.plan, &x.result.Privacy
	g, err := accountant.Epsilon(spent, p.Delta(), accountant.ZeroOut)
	if err != nil {
		return err
	}
	*s = run.Privacy{
		Guarantee: true, Unit: p.Config.Unit, Epsilon: run.Finite(g.Epsilon), EpsilonRDP: run.Finite(g.Epsilon), Delta: run.Finite(p.Config.Delta),
		NoiseMultiplier: p.NoiseMultiplier, SampleRate: p.SampleRate, Lot: p.Lot, Steps: int64(p.Steps), Accountant: g.Accountant,
		Neighboring: string(accountant.ZeroOut), Sampler: "Poisson", DeclaredPublic: declared(p), Tuning: "not accounted",
	}
	if p.Config.Delta == 0 {
		s.Delta = nil
	}
	if p.ClipNorm > 0 {
		s.ClipNorm = run.Finite(p.ClipNorm)
	}
	switch {
	case s.Epsilon == nil:
		s.Guarantee, s.WhyNot = false, trainer.NoNoise
	case p.Config.InsecureSeed != nil:
		s.Guarantee, s.WhyNot = false, "sampling, coins and noise were fixed by --insecure-seed, so anyone can repeat and subtract them"
	}
	if g.Order > 0 && s.Epsilon != nil {
		s.Order = run.Finite(g.Order)
	}
	return nil
}

// declared lists what the card declares public, and who does.
func declared(p *trainer.Plan) []string {
	var list []string
	for _, d := range p.Set.Card().DeclaredPublic() {
		list = append(list, fmt.Sprintf("%s (%s; declared by %s)", d.What, d.Source, d.DeclaredBy))
	}
	return list
}

// utilityUnits bounds the training records that accuracy is computed on.
const utilityUnits = 20000

// utility fills what the model is good for.
func (x *execution) utility(ctx context.Context, w *trainer.Weights) error {
	p := x.plan
	train, err := x.score(ctx, w, spaced(x.trained(), utilityUnits))
	if err != nil {
		return err
	}
	test, err := x.score(ctx, w, p.Set.Present(p.Split.Test))
	if err != nil {
		return err
	}
	u := &x.result.Utility
	u.TrainAccuracy, u.TrainLoss = rate(train), run.Finite(train.loss())
	if test.len() == 0 {
		return nil
	}
	u.TestAccuracy, u.TestLoss = rate(test), run.Finite(test.loss())
	u.BaselineAccuracy, u.MacroAccuracy = run.Finite(test.baseline()), run.Finite(test.macro())
	u.CalibrationError, u.Confusion = run.Finite(test.calibration()), test.confusion()
	if roc, pr, ok := test.ranking(); ok {
		u.AUROC, u.AUPRC = &roc, &pr
	}
	return nil
}
