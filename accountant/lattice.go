package accountant

import "math"

// A lattice cuts the line into cells .9σ wide, cell i from .9σ·i on, and a cell into leaves on which 16 Gauss–Legendre
// nodes resolve everything but the order's own steepness:
//   - .9σ is narrow enough for the normal density;
//   - log M is singular πσ² beside a bend. By Bernstein's ellipse a leaf as wide as its distance from the bend errs by
//     6^−32, and so does one 1.2σ² wide wherever it lies.

// leaf is an interval with its nodes at 0, 1, 2, … bisections.
type leaf struct {
	left, right float64
	pulls       [2]pull // at both ends
	levels      [][]node
}

func (p *pair) cellWidth() float64 { return .9 * p.sigma }

// cellOf returns the cell that holds x.
func (p *pair) cellOf(x float64) int { return int(math.Floor(x / p.cellWidth())) }

// leaves cuts a cell.
func (r *renyi) leaves(cell int) []*leaf {
	w := r.cellWidth()
	return r.split(nil, float64(cell)*w, float64(cell+1)*w)
}

func (r *renyi) split(done []*leaf, left, right float64) []*leaf {
	near := math.Inf(1)
	for _, b := range r.bends {
		near = math.Min(near, math.Max(0, math.Max(left-b, b-right)))
	}
	mid := left + (right-left)/2
	if right-left <= math.Max(1.2*r.sigma*r.sigma, near) || mid <= left || mid >= right {
		return append(done, &leaf{left: left, right: right, pulls: [2]pull{r.pullAt(left), r.pullAt(right)}})
	}
	return r.split(r.split(done, left, mid), mid, right)
}
