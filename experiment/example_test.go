package experiment_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"hush/experiment"
	"hush/run"
	"hush/trainer"
)

// One run from a config to its folder: the embedded digits, twenty steps, everything fixed by a seed. The result then
// says that no guarantee holds.
func ExampleRun() {
	dir, err := os.MkdirTemp("", "hush")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	c, err := run.Resolve(run.Sources{Flags: map[string]string{
		"data": "digits", "steps": "20", "insecure_seed": "1", "out": filepath.Join(dir, "run")}})
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, err := trainer.NewPlan(context.Background(), c)
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := experiment.Run(context.Background(), plan, experiment.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := out.Result
	fmt.Println("steps:", r.Privacy.Steps)
	fmt.Println("ε at most 3:", *r.Privacy.Epsilon <= 3)
	fmt.Println("guarantee:", r.Privacy.Guarantee)
	fmt.Println("verdict:", r.Verdict)
	// Output:
	// steps: 20
	// ε at most 3: true
	// guarantee: false
	// verdict: inconclusive
}
