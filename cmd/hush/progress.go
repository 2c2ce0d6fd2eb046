package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
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
	began time.Time    // of this process's training, and
	start uint64       // the step it began at
	end   atomic.Int64 // when training should end, Unix nanoseconds; 0: not known yet
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
	fmt.Fprintf(p.w, "%d steps at rate q = %.4g · %s kernels\n", plan.Steps, plan.SampleRate, plan.Kernels.Name())
	if plan.NoiseMultiplier > 0 {
		fmt.Fprintf(p.w, "noise σ = %.4g: ε = %s at δ = %s after the last step\n", plan.NoiseMultiplier, report.Epsilon(&plan.Claim.Epsilon), deltaText(plan.Config.Delta))
	} else {
		fmt.Fprintln(p.w, "no noise: no guarantee")
	}
	if start > 0 {
		fmt.Fprintf(p.w, "resumed at step %d\n", start)
	}
	if f, ok := terminal(p.w); ok {
		p.began, p.start = time.Now(), start
		// Room for the numbers, the time left and the ^C that a terminal echoes: a line that wraps is not taken away.
		room := width(p.w) - 2*digits(plan.Steps) - len("train /  12h59m59s ^C")
		p.bars = mpb.New(mpb.WithOutput(f), mpb.WithWidth(max(8, min(40, room))), mpb.WithRefreshRate(100*time.Millisecond))
		p.bar = p.bars.AddBar(int64(plan.Steps),
			mpb.PrependDecorators(decor.Name("train "), decor.CountersNoUnit("%d/%d")),
			mpb.AppendDecorators(decor.Any(p.left)),
			mpb.BarRemoveOnComplete())
		p.bar.SetCurrent(int64(start))
	}
}

// left is the time that training should still take, from the speed of the steps that this process made.
func (p *progress) left(decor.Statistics) string {
	end := p.end.Load()
	if end == 0 {
		return ""
	}
	return " " + max(0, time.Until(time.Unix(0, end))).Round(time.Second).String()
}

func (p *progress) step(t trainer.Progress, epsilon float64) {
	if p.json != nil {
		p.json.Info("step", "step", t.Step, "steps", t.Steps, "loss", t.Loss, "accuracy", t.Accuracy, "clipped", t.Clipped, "epsilon", run.Finite(epsilon), "seconds", t.Elapsed.Seconds())
		return
	}
	line := fmt.Sprintf("step %*d/%d  loss %-6.4g  accuracy %4.1f %%  clipped %3.0f %%  ε so far %s", digits(t.Steps), t.Step, t.Steps, t.Loss, 100*t.Accuracy, 100*t.Clipped, report.Epsilon(run.Finite(epsilon)))
	if p.bars == nil {
		fmt.Fprintln(p.w, line)
		return
	}
	fmt.Fprintln(p.bars, line)
	each := time.Since(p.began) / time.Duration(t.Step-p.start)
	p.end.Store(time.Now().Add(each * time.Duration(t.Steps-t.Step)).UnixNano())
	p.bar.SetCurrent(int64(t.Step))
}

func (p *progress) stage(name string) {
	if p.json != nil {
		p.json.Info(name)
		return
	}
	p.close()
	words := map[string]string{"audit": "attacking the trained net", "twin": "training the twin without noise", "control": "training the control: the same without noise"}
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

// deltaText is δ as a person writes it: 1e-5, not 1e-05.
func deltaText(d float64) string { return strings.Replace(fmt.Sprint(d), "e-0", "e-", 1) }

func digits(n uint64) int { return len(fmt.Sprint(n)) }
