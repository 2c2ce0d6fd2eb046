package accountant

import "math"

// lattice cuts the line into cells on which 16 Gauss–Legendre nodes resolve everything but the order's own steepness:
//   - a cell is at most .9σ wide: the normal density;
//   - and at most 1.2σ² or its distance to the bend: log M is singular πσ² beside it, and by Bernstein's ellipse a cell
//     as wide as that distance errs by 6^−32. For groups there is a bend between any two shifts: 1.2σ² everywhere.
//
// Both halves of the line are cut alike, measured from the bend on the right one: cell 0 begins at 0, cell −1 ends there.
type lattice struct {
	bend   float64   // |bend|
	fine   []float64 // distances from the bend at which the growing cells end: 1.2σ²·2^i, up to .9σ
	coarse float64   // width of all further cells
	before int       // cells between 0 and the bend
}

func newLattice(p *pair) lattice {
	l := lattice{bend: math.Abs(p.mix.bend()), coarse: .9 * p.sigma}
	width := 1.2 * p.sigma * p.sigma
	if p.mix.weight != nil {
		l.bend, l.coarse = 0, math.Min(l.coarse, width)
		return l
	}
	for ; width < l.coarse; width *= 2 {
		l.fine = append(l.fine, width)
	}
	if l.before = l.number(l.bend); l.distance(l.before) < l.bend {
		l.before++
	}
	return l
}

// distance is where the n-th cell away from the bend begins.
func (l *lattice) distance(n int) float64 {
	if n == 0 {
		return 0
	}
	if n <= len(l.fine) {
		return l.fine[n-1]
	}
	last := 0.0
	if len(l.fine) > 0 {
		last = l.fine[len(l.fine)-1]
	}
	return last + float64(n-len(l.fine))*l.coarse
}

// number returns the cell that holds a distance from the bend.
func (l *lattice) number(d float64) int {
	n := 0
	for n < len(l.fine) && d >= l.fine[n] {
		n++
	}
	if n < len(l.fine) {
		return n
	}
	last := l.distance(n)
	return n + int(math.Max(0, (d-last)/l.coarse))
}

// index returns the cell of x.
func (l *lattice) index(x float64) int {
	d := math.Abs(x) - l.bend
	i := 0
	if d >= 0 {
		i = l.before + l.number(d)
	} else {
		i = l.before - 1 - min(l.number(-d), l.before-1)
	}
	if x < 0 {
		return -1 - i
	}
	return i
}

// bounds returns the two ends of a cell.
func (l *lattice) bounds(index int) (left, right float64) {
	if index < 0 {
		right, left = l.bounds(-1 - index)
		return -left, -right
	}
	if n := index - l.before; n >= 0 {
		return l.bend + l.distance(n), l.bend + l.distance(n+1)
	}
	n := l.before - 1 - index
	return math.Max(0, l.bend-l.distance(n+1)), l.bend - l.distance(n)
}
