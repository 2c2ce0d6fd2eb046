package trainer

import (
	"math"

	"hush/internal/check"
	"hush/internal/simd"
)

// Optimizer turns a release into an update of the weights. It sees nothing but noisy gradients and the step index,
// so all it does is post-processing: free under DP, momentum and weight decay included (trap T28).
type Optimizer interface {
	// Slots is the number of state values that each weight has.
	Slots() int
	// Update changes some weights w in place, from their gradients g and their state, one slice per slot, at step t
	// (0, 1, …) with learning rate rate. It may overwrite g. All slices are equally long; every element is updated by
	// itself, so that how weights are cut changes no bits.
	Update(k *simd.Kernels, w, g []float32, state [][]float32, t uint64, rate float64)
}

// OptimizerSettings choose and configure an optimizer.
type OptimizerSettings struct {
	Name        string  // "sgd" or "adam"
	Momentum    float64 // sgd: μ in [0, 1)
	WeightDecay float64 // λ ≥ 0; added to the gradient (sgd) or decoupled (adam)
}

// NewOptimizer builds the optimizer that s names.
func NewOptimizer(s OptimizerSettings) (Optimizer, error) {
	if !(s.Momentum >= 0 && s.Momentum < 1) {
		return nil, check.Fail("trainer", "momentum", s.Momentum, "must be in [0, 1)")
	}
	if err := check.NonNegative("trainer", "weight decay", s.WeightDecay); err != nil {
		return nil, err
	}
	for _, o := range optimizers {
		if o.name == s.Name {
			return o.build(s), nil
		}
	}
	return nil, check.Fail("trainer", "optimizer", s.Name, "must be one of sgd, adam")
}

// optimizers is the list to extend.
var optimizers = []struct {
	name  string
	build func(OptimizerSettings) Optimizer
}{
	{"sgd", func(s OptimizerSettings) Optimizer { return sgd{s.Momentum, s.WeightDecay} }},
	{"adam", func(s OptimizerSettings) Optimizer { return adam{decay: s.WeightDecay} }},
}

// sgd is stochastic gradient descent with heavy-ball momentum, as PyTorch writes it:
//
//	v ← μ·v + (g + λ·w),   w ← w − η·v
type sgd struct{ momentum, decay float64 }

func (o sgd) Slots() int {
	if o.momentum == 0 {
		return 0
	}
	return 1
}

func (o sgd) Update(k *simd.Kernels, w, g []float32, state [][]float32, _ uint64, rate float64) {
	if o.decay != 0 {
		k.Axpy(float32(o.decay), w, g)
	}
	v := g
	if o.momentum != 0 {
		v = state[0]
		k.Scale(float32(o.momentum), v)
		k.Axpy(1, g, v)
	}
	k.Axpy(float32(-rate), v, w)
}

// adam is Adam with bias correction and decoupled weight decay (Kingma & Ba 2014, arXiv 1412.6980; Loshchilov &
// Hutter 2017, arXiv 1711.05101), β₁ = .9, β₂ = .999, ε = 1e-8:
//
//	m ← β₁m + (1−β₁)g,   v ← β₂v + (1−β₂)g²
//	w ← w − η·( (m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε) + λ·w )
type adam struct{ decay float64 }

const (
	adamBeta1   = .9
	adamBeta2   = .999
	adamEpsilon = 1e-8
)

func (adam) Slots() int { return 2 }

func (o adam) Update(_ *simd.Kernels, w, g []float32, state [][]float32, t uint64, rate float64) {
	n := float64(t + 1)
	c1, c2 := float32(1/(1-math.Pow(adamBeta1, n))), float32(1/(1-math.Pow(adamBeta2, n)))
	η, λ := float32(rate), float32(rate*o.decay)
	m, v := state[0], state[1]
	for e, x := range g {
		m[e] = float32(adamBeta1*m[e]) + float32((1-adamBeta1)*x)
		v[e] = float32(adamBeta2*v[e]) + float32((1-adamBeta2)*x*x)
		step := m[e] * c1 / (float32(math.Sqrt(float64(v[e]*c2))) + adamEpsilon)
		w[e] -= float32(η*step) + float32(λ*w[e])
	}
}
