package trainer

import (
	"context"
	"math/rand/v2"
	"time"

	"hush/nets"
)

// made stands in for a data set: random features, classes in turn. It reads no record.
type made struct {
	d      int
	row    []float32
	labels []int32
}

func (m made) Gather(dst []float32, index []int) {
	for i := range index {
		copy(dst[i*m.d:(i+1)*m.d], m.row)
	}
}
func (m made) Labels() []int32 { return m.labels }

// Rate measures how many units per second the job's graphs take in, lot by lot, on made-up records, for about the
// time given. No private record is read, nothing is released or charged.
func (j Job) Rate(ctx context.Context, w *nets.Weights, d time.Duration) (float64, error) {
	if err := j.check(); err != nil {
		return 0, err
	}
	n := max(1, int(j.Mechanism.ExpectedLot()))
	m := made{d: j.Net.Input().Size(), labels: make([]int32, n)}
	r := rand.New(rand.NewPCG(1, 2))
	m.row = make([]float32, m.d)
	for i := range m.row {
		m.row[i] = float32(r.NormFloat64())
	}
	lot := make([]int, n)
	for i := range lot {
		lot[i] = i
		m.labels[i] = int32(i % j.Net.Classes())
	}
	j.Records, j.Units = m, lot
	c, err := j.hire(w)
	if err != nil {
		return 0, err
	}
	if _, _, err := c.sum(lot); err != nil { // warm up
		return 0, err
	}
	began, units := time.Now(), 0
	for ctx.Err() == nil && time.Since(began) < d || units == 0 {
		if _, _, err := c.sum(lot); err != nil {
			return 0, err
		}
		units += n
	}
	return float64(units) / time.Since(began).Seconds(), context.Cause(ctx)
}
