package trainer

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"hush/internal/simd"
	"hush/nets"
)

// predictRows is the physical batch of a forward pass; it changes speed only.
const predictRows = 64

// Logits returns the net's outputs for the records of index, row-major len(index) × classes, on the given number of workers.
func Logits(ctx context.Context, net *nets.Net, w *nets.Weights, r Records, index []int, k *simd.Kernels, workers int) ([]float32, error) {
	classes, d := net.Classes(), net.Input().Size()
	out := make([]float32, len(index)*classes)
	workers = max(1, min(workers, (len(index)+predictRows-1)/predictRows))
	var next atomic.Int64
	errs := make([]error, workers)
	work := func(i int) error {
		p, err := net.NewPredictor(w, predictRows, k)
		if err != nil {
			return err
		}
		for {
			hi := int(next.Add(predictRows))
			lo := hi - predictRows
			if lo >= len(index) {
				return nil
			}
			hi = min(hi, len(index))
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			x := p.X()
			r.Gather(x[:(hi-lo)*d], index[lo:hi])
			clear(x[(hi-lo)*d:])
			if err := p.Run(); err != nil {
				return err
			}
			copy(out[lo*classes:hi*classes], p.Logits())
		}
	}
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() { errs[i] = work(i) })
	}
	wg.Wait()
	return out, errors.Join(errs...)
}
