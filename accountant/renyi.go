package accountant

import (
	"math"
	"slices"
)

// renyi computes Rényi divergences of one pair at many orders. What does not depend on the order is kept between
// calls, so it is not safe for concurrent use; it lives as long as one question to the accountant.
type renyi struct {
	pair
	bends  []float64
	cells  map[int][]*leaf
	static []node // candidates for high points, whatever the order
}

// node is a point of the line with weight w of the quadrature: ∫ f dP ≈ Σ mass·f(loss).
type node struct {
	x, height float64 // height: the logarithm of P's density without the normal constant
	weight    float64 // of the quadrature, with the normal constant
	mass      float64 // weight·e^height, 0 if that underflows
	loss      float64 // D
	psiBack   float64 // ψ(−D)
}

// pull is what the steepness of the integrand depends on at a point: mean and variance of the shift under P and Q.
type pull struct{ meanP, meanQ, varP, varQ float64 }

func newRenyi(p pair) *renyi {
	r := &renyi{pair: p, bends: p.bends(), cells: map[int][]*leaf{}}
	k := max(1, len(p.mix.weight)-1)
	centers := []float64{0}
	for _, sign := range []float64{p.signP, p.signQ} {
		if sign == 0 {
			continue
		}
		for j := 1; j <= k; j++ { // D² has its hump at twice the shift
			centers = append(centers, sign*float64(j), 2*sign*float64(j))
		}
	}
	centers = append(centers, r.bends...)
	for _, c := range centers {
		for j := -3.0; j <= 3; j++ {
			r.static = append(r.static, r.node(c+3*j*p.sigma))
		}
	}
	return r
}

func (r *renyi) node(x float64) node {
	height, loss := r.at(x)
	return node{x: x, height: height, loss: loss, psiBack: psi(-loss)}
}

// order returns the Rényi divergence of order alpha in [1, ∞):
//
//	r = log A/(α−1),  A = E_P[e^{aD}],  a = α−1
//
// E_P[e^{−D}] = 1 allows to subtract the tangent, after which nothing cancels, however small q or a:
//
//	A − 1 = E_P[ψ(aD) + a·ψ(−D)],  ψ(t) = e^t − 1 − t ≥ 0
//
// For a → 0 this is a·KL(P‖Q), KL = E_P[ψ(−D)].
func (r *renyi) order(alpha float64) float64 {
	a := alpha - 1
	log := r.integrate(a)
	if a == 0 {
		return math.Exp(log)
	}
	if log > 40 { // log1p(e^40) and 40 differ by 4e-18
		return log / a
	}
	return math.Log1p(math.Exp(log)) / a
}

// negligible: what lies this far, in logarithms, below the highest point is left out. e^−44 = 8e-20, and the tails
// fall like those of a Gaussian.
const negligible = 44

// integrate returns log E_P[ψ(aD) + a·ψ(−D)].
//
// The integrand has up to two humps per shift: one near 0 and one where the tilted mass sits, about α away for remove;
// for small q and large a the second carries the result, and the valley between them can be as deep as e^{−α²}. So
// cells are added up outward from every high point until they are negligible beside the highest one.
func (r *renyi) integrate(a float64) float64 {
	starts, top := r.starts(a)
	sum := tally{shift: top}
	done := math.MinInt // all cells up to this one are added
	for _, x := range starts {
		c := r.cellOf(x)
		if c <= done {
			continue
		}
		for left := c - 1; left > done && r.add(&sum, left, a) > top-negligible; {
			left--
		}
		for done = c; r.add(&sum, done, a) > top-negligible; {
			done++
		}
	}
	return sum.log()
}

// starts returns, ascending, the candidates that are not negligible, and the height of the highest: around the
// shifts, the bends, and the points where the tilted mass sits.
func (r *renyi) starts(a float64) ([]float64, float64) {
	nodes := slices.Clip(r.static)
	far := (2*a + 1) * float64(max(1, len(r.mix.weight)-1))
	last := math.Inf(1)
	for _, x := range append([]float64{0, far, -far}, r.bends...) {
		x = r.fixedPoint(x, a)
		if math.Abs(x-last) > r.sigma {
			nodes = append(nodes, r.node(x-4*r.sigma), r.node(x), r.node(x+4*r.sigma))
		}
		last = x
	}
	heights := make([]float64, len(nodes))
	top := math.Inf(-1)
	for i, n := range nodes {
		scale, value := gain(a, n.loss, n.psiBack)
		heights[i] = n.height + scale + math.Log(value)
		top = math.Max(top, heights[i])
	}
	var xs []float64
	for i, h := range heights {
		if h > top-negligible {
			xs = append(xs, nodes[i].x)
		}
	}
	slices.Sort(xs)
	return xs, top
}

// fixedPoint follows x ← F(x), the center of the mass tilted at x: the exponent −x²/(2σ²) + α·log P − a·log Q of the
// integrand has derivative (F(x) − x)/σ². Where F grows (remove) this is monotone and ends at the nearest fixed point
// on its way. Where it falls (add), steps are halved each time the direction turns.
func (r *renyi) fixedPoint(x, a float64) float64 {
	damp, last := 1.0, 0.0
	for range 40 {
		f, _ := r.pullAt(x).force(a, &r.pair)
		step := f - x
		if step*last < 0 {
			damp /= 2
		}
		x, last = x+damp*step, step
		if math.Abs(step) < r.sigma {
			break
		}
	}
	return x
}

func (r *renyi) pullAt(x float64) pull {
	var p pull
	if r.signP != 0 {
		_, p.meanP, p.varP = r.mix.at(r.signP * x)
	}
	if r.signQ != 0 {
		_, p.meanQ, p.varQ = r.mix.at(r.signQ * x)
	}
	return p
}

// force returns F and V with σ²|F′| ≤ V.
func (p pull) force(a float64, of *pair) (f, v float64) {
	return (1+a)*of.signP*p.meanP - a*of.signQ*p.meanQ, (1+a)*p.varP + a*p.varQ
}

// add adds the integral over a cell and returns the height of its highest node.
func (r *renyi) add(sum *tally, cell int, a float64) float64 {
	leaves, known := r.cells[cell]
	if !known {
		leaves = r.leaves(cell)
		r.cells[cell] = leaves
	}
	high := math.Inf(-1)
	for _, l := range leaves {
		level := r.bisections(l, a)
		for len(l.levels) <= level {
			l.levels = append(l.levels, nil)
		}
		if l.levels[level] == nil {
			l.levels[level] = r.fill(l.left, l.right, 1<<level)
		}
		high = math.Max(high, sum.add(l.levels[level], a))
	}
	return high
}

// bisections says how often to halve a leaf: until the exponent changes by at most 12 linearly and 24 quadratically
// over a piece. 16 nodes then err by 6^32/32! = 3e-11 of the value in the middle, e^6 below that at its end. At most
// 8 times: a steeper leaf lies on the slope of a hump whose top is elsewhere.
func (r *renyi) bisections(c *leaf, a float64) int {
	s2, h := r.sigma*r.sigma, c.right-c.left
	steep := 0.0
	for i, x := range [2]float64{c.left, c.right} {
		f, v := c.pulls[i].force(a, &r.pair)
		steep = max(steep, math.Abs(f-x)*h/s2/12, math.Sqrt(v/24)*h/s2)
	}
	level := 0
	for ; steep > 1 && level < 8; level++ {
		steep /= 2
	}
	return level
}

// fill places 16 Gauss–Legendre nodes on each of n equal pieces.
func (r *renyi) fill(left, right float64, n int) []node {
	nodes := make([]node, 0, n*len(gaussNodes))
	h := (right - left) / float64(n)
	for i := range n {
		mid := left + (float64(i)+.5)*h
		for j, t := range gaussNodes {
			v := r.node(mid + h/2*t)
			v.weight = h / 2 * gaussWeights[j] / (r.sigma * math.Sqrt(2*math.Pi))
			v.mass = v.weight * math.Exp(v.height)
			nodes = append(nodes, v)
		}
	}
	return nodes
}

// tally is a sum of positive terms, scaled by e^−shift.
type tally struct{ shift, sum float64 }

// add adds nodes and returns the height of the highest.
func (s *tally) add(nodes []node, a float64) float64 {
	high := 0.0
	if math.Abs(s.shift) < 500 { // no term that counts leaves the range of float64
		down := math.Exp(-s.shift)
		for i := range nodes {
			n := &nodes[i]
			scale, value := gain(a, n.loss, n.psiBack)
			part := n.mass * value * down
			if scale > 0 {
				part = n.weight * math.Exp(n.height+scale-s.shift) * value
			}
			s.sum += part
			high = max(high, part/n.weight)
		}
		return s.shift + math.Log(high)
	}
	for i := range nodes {
		n := &nodes[i]
		scale, value := gain(a, n.loss, n.psiBack)
		part := math.Exp(n.height+scale-s.shift) * value
		s.sum += n.weight * part
		high = max(high, part)
	}
	return s.shift + math.Log(high)
}

func (s *tally) log() float64 { return s.shift + math.Log(s.sum) }
