package accountant

import (
	"fmt"
	"math"

	"hush/internal/check"
)

// Method is a way to turn a spending into (ε, δ).
type Method string

// RDP adds up Rényi divergences and converts at the best order: fast, never below the truth, 4 to 12 % above it in
// ordinary settings.
const RDP Method = "rdp"

// Settings are the assumptions of a statement.
type Settings struct {
	Method    Method   // default RDP
	Relation  Relation // required
	GroupSize int      // units that change together; default 1
}

// Guarantee is one point of the privacy curve, with what it holds for.
type Guarantee struct {
	Epsilon      float64 // ε: the safe side, equal to Upper; +Inf if there is no guarantee
	Lower, Upper float64 // the true ε lies between
	Delta        float64 // δ
	Order        float64 // Rényi order at which the bound is smallest; 0 if it needs none
	Accountant   string
	Relation     Relation
	Warning      string // what to know about the figure, or empty
}

// Epsilon is Settings{Relation: r}.Epsilon: the ε of s at delta in (0, 1).
func Epsilon(s Spending, delta float64, r Relation) (Guarantee, error) {
	return Settings{Relation: r}.Epsilon(s, delta)
}

// Delta is Settings{Relation: r}.Delta: the δ of s at a finite epsilon ≥ 0.
func Delta(s Spending, epsilon float64, r Relation) (Guarantee, error) {
	return Settings{Relation: r}.Delta(s, epsilon)
}

// withDefaults fills what was left out and refuses what is not known.
func (c Settings) withDefaults() (Settings, error) {
	if c.Method == "" {
		c.Method = RDP
	}
	if c.GroupSize == 0 {
		c.GroupSize = 1
	}
	if c.Method != RDP {
		return c, check.Fail("accountant", "accountant", fmt.Sprintf("%q", c.Method), `must be "rdp"`)
	}
	return c, Neighbors{c.Relation, Remove, c.GroupSize}.Check()
}

// Epsilon returns the smallest ε for which (ε, delta) is proved for s, in both directions. No steps: ε = 0. A spending
// with a NonPrivate event: ε = +Inf.
func (c Settings) Epsilon(s Spending, delta float64) (Guarantee, error) {
	if err := check.Open("accountant", "delta", delta); err != nil {
		return Guarantee{}, err
	}
	g, err := c.solve(s, epsilonAt(delta))
	g.Delta, g.Epsilon = delta, g.Upper
	return g, err
}

// Delta returns the smallest δ for which (epsilon, δ) is proved for s, in both directions; Lower and Upper enclose ε
// and are equal to epsilon. A spending with a NonPrivate event: δ = 1.
func (c Settings) Delta(s Spending, epsilon float64) (Guarantee, error) {
	if err := check.NonNegative("accountant", "epsilon", epsilon); err != nil {
		return Guarantee{}, err
	}
	g, err := c.solve(s, logDeltaAt(epsilon))
	g.Delta = math.Min(1, math.Exp(g.Upper))
	g.Epsilon, g.Lower, g.Upper = epsilon, epsilon, epsilon
	return g, err
}

// solve minimizes the conversion over all orders in the direction remove, then makes sure of add: at the same order
// its divergence is the smaller one for sampled Gaussians (Mironov, Talwar & Zhang 2019, arXiv 1908.10530, Theorem 5);
// where it is not, it is minimized too and the larger bound is stated.
func (c Settings) solve(s Spending, v conversion) (Guarantee, error) {
	c, err := c.withDefaults()
	g := Guarantee{Accountant: string(c.Method), Relation: c.Relation}
	if err := first(err, s.Check()); err != nil {
		return g, err
	}
	s = s.merged()
	if len(s) == 0 {
		g.Lower, g.Upper = v.none, v.none
		return g, nil
	}
	best := [2]minimum{{value: v.none}, {value: v.none}}
	for i, d := range [2]Direction{Remove, Add} {
		curve, err := s.curve(Neighbors{c.Relation, d, c.GroupSize})
		if err != nil {
			return g, err
		}
		if i == 1 && best[0].found() && v.at(best[0].alpha, curve(best[0].alpha)) <= best[0].value {
			break
		}
		best[i] = minimize(curve, v)
	}
	worst := best[0]
	if best[1].value > worst.value {
		worst = best[1]
	}
	g.Lower, g.Upper, g.Order, g.Warning = v.none, worst.value, worst.alpha, worst.warning
	return g, nil
}

// curve is the composed divergence by order.
func (s Spending) curve(n Neighbors) (Curve, error) {
	curves := make(map[Event]Curve, len(s))
	for _, c := range s {
		curve, err := c.Event.RDP(n)
		if err != nil {
			return nil, fmt.Errorf("accountant: %s: %w", c.Event, err)
		}
		curves[c.Event] = curve
	}
	return func(alpha float64) float64 {
		return s.compose(func(e Event) float64 { return curves[e](alpha) })
	}, nil
}
