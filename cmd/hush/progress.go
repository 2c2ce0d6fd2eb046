package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"hush/experiment"
	"hush/report"
	"hush/run"
	"hush/trainer"
)

// progress tells a person, on stderr, how a run goes: one line per epoch, or JSON lines; a bar on a terminal only.
type progress struct {
	w     io.Writer
	quiet bool
	json  *slog.Logger // nil: text
	bars  *mpb.Progress
	bar   *mpb.Bar
}

func newLog(w io.Writer, c run.Config) *progress {
	p := &progress{w: w, quiet: c.Quiet}
	if c.LogFormat == "json" {
		p.json = slog.New(slog.NewJSONHandler(w, nil))
	}
	return p
}

// terminal returns the file behind w if it is one.
func terminal(w any) (*os.File, bool) {
	f, ok := w.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// width is the number of columns of w, 0 if it is no terminal.
func width(w io.Writer) int {
	if f, ok := terminal(w); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil {
			return columns
		}
	}
	return 0
}

func (p *progress) watch() experiment.Watch {
	if p.quiet {
		return experiment.Watch{}
	}
	return experiment.Watch{Planned: p.planned, Step: p.step, Stage: p.stage}
}

func (p *progress) planned(plan *trainer.Plan, dir string, start uint64) {
	if p.json != nil {
		p.json.Info("train", "folder", dir, "data", plan.Set.Name(), "net", plan.Config.Net, "parameters", plan.Net.NumParams(), "units", len(plan.Records),
			"audit_units", len(plan.InPool), "steps", plan.Steps, "start", start, "sample_rate", plan.SampleRate, "noise_multiplier", plan.NoiseMultiplier)
		return
	}
	fmt.Fprintf(p.w, "%s: %d training units, %d of them by coin · %s, %d parameters\n", plan.Set.Name(), len(plan.Records), len(plan.InPool), plan.Config.Net, plan.Net.NumParams())
	what := "no noise"
	if plan.NoiseMultiplier > 0 {
		what = fmt.Sprintf("σ = %.4g, ε = %s at δ = %g after the last step", plan.NoiseMultiplier, report.Epsilon(&plan.Claim.Epsilon), plan.Config.Delta)
	}
	fmt.Fprintf(p.w, "%d steps at rate q = %.4g · %s · %s kernels\n", plan.Steps, plan.SampleRate, what, plan.Kernels.Name())
	if start > 0 {
		fmt.Fprintf(p.w, "resumed at step %d\n", start)
	}
	if f, ok := terminal(p.w); ok {
		p.bars = mpb.New(mpb.WithOutput(f), mpb.WithWidth(40), mpb.WithRefreshRate(100*time.Millisecond))
		p.bar = p.bars.AddBar(int64(plan.Steps),
			mpb.PrependDecorators(decor.Name("train "), decor.CountersNoUnit("%d/%d")),
			mpb.AppendDecorators(decor.AverageETA(decor.ET_STYLE_GO)),
			mpb.BarRemoveOnComplete())
		p.bar.SetCurrent(int64(start))
	}
}

func (p *progress) step(t trainer.Progress, epsilon float64) {
	if p.json != nil {
		p.json.Info("step", "step", t.Step, "steps", t.Steps, "loss", t.Loss, "accuracy", t.Accuracy, "clipped", t.Clipped, "epsilon", run.Finite(epsilon), "seconds", t.Elapsed.Seconds())
		return
	}
	line := fmt.Sprintf("step %*d/%d  loss %.4f  accuracy %5.1f %%  clipped %3.0f %%  ε so far %s", digits(t.Steps), t.Step, t.Steps, t.Loss, 100*t.Accuracy, 100*t.Clipped, report.Epsilon(run.Finite(epsilon)))
	if p.bars == nil {
		fmt.Fprintln(p.w, line)
		return
	}
	fmt.Fprintln(p.bars, line)
	p.bar.SetCurrent(int64(t.Step))
}

func (p *progress) stage(name string) {
	if p.json != nil {
		p.json.Info(name)
		return
	}
	p.close()
	words := map[string]string{"audit": "attacking the trained net", "twin": "training the twin without noise"}
	if w, ok := words[name]; ok {
		name = w
	}
	fmt.Fprintln(p.w, name+" …")
}

// close takes the bar away.
func (p *progress) close() {
	if p.bars != nil {
		p.bar.Abort(true)
		p.bars.Wait()
		p.bars = nil
	}
}

func digits(n uint64) int { return len(fmt.Sprint(n)) }
