package report

import (
	"math"
	"strconv"
	"strings"
)

// Rounding directions. What bounds an attacker from above is rounded up, what bounds from below is rounded down.
const (
	down = -1
	fair = 0
	up   = +1
)

// none stands for a figure that does not exist.
const none = "–"

// fixed renders x with a number of decimals, rounded in the given direction: reading the text back gives a value that
// is on that side of x, or x.
func fixed(x float64, decimals, direction int) string {
	text := strconv.FormatFloat(x, 'f', decimals, 64)
	back, err := strconv.ParseFloat(text, 64)
	if err != nil || !wrongSide(back, x, direction) {
		return text
	}
	ulp := math.Pow(10, -float64(decimals)) // from the text on, not from x: that could round a second time
	return strconv.FormatFloat(back+float64(direction)*ulp, 'f', decimals, 64)
}

func wrongSide(back, x float64, direction int) bool {
	return direction == up && back < x || direction == down && back > x
}

// significant renders x > 0 with at most that many significant digits, rounded in the given direction, without
// trailing zeros: "2.999", "0.0513", "1e-5". 0 is "0", +Inf is "∞".
func significant(x float64, digits, direction int) string {
	switch {
	case math.IsInf(x, 1):
		return "∞"
	case x == 0:
		return "0"
	}
	// d.ddd × 10^e, with the digits as an integer m.
	text := strconv.FormatFloat(x, 'e', digits-1, 64)
	mantissa, exponent, _ := strings.Cut(text, "e")
	e, _ := strconv.Atoi(exponent)
	m, _ := strconv.ParseInt(strings.Replace(mantissa, ".", "", 1), 10, 64)
	if back, err := strconv.ParseFloat(text, 64); err == nil && wrongSide(back, x, direction) {
		m += int64(direction)
	}
	e -= digits - 1 // x = m × 10^e
	for m != 0 && m%10 == 0 {
		m, e = m/10, e+1
	}
	return decimal(m, e)
}

// decimal renders m × 10^e: plainly from 0.001 to below a million, else with an exponent.
func decimal(m int64, e int) string {
	s := strconv.FormatInt(m, 10)
	switch first := len(s) - 1 + e; { // exponent of the first digit
	case first < -3 || first >= 6:
		if len(s) > 1 {
			s = s[:1] + "." + s[1:]
		}
		return s + "e" + strconv.Itoa(first)
	case e >= 0:
		return s + strings.Repeat("0", e)
	case first >= 0:
		return s[:len(s)+e] + "." + s[len(s)+e:]
	default:
		return "0." + strings.Repeat("0", -first-1) + s
	}
}

// Epsilon renders ε as every text of the program does: four significant digits, never smaller than it is; nil is
// infinite, "∞".
func Epsilon(e *float64) string {
	if e == nil {
		return "∞"
	}
	return significant(*e, 4, up)
}

// deltaText renders δ: three significant digits, never smaller than it is.
func deltaText(d float64) string { return significant(d, 3, up) }

// percent renders a share with one decimal, rounded to the nearest; nil does not exist.
func percent(x *float64) string {
	if x == nil {
		return none
	}
	return fixed(100**x, 1, fair) + " %"
}

// rate renders an AUC or an advantage; interval renders its two ends, rounded outward.
func rate(x float64) string { return fixed(x, 3, fair) }

func interval(low, high float64) (string, string) { return fixed(low, 3, down), fixed(high, 3, up) }

// ceilingText renders the most that an attack can reach; nil: nothing bounds it.
func ceilingText(x *float64) string {
	if x == nil {
		return none
	}
	return fixed(*x, 3, up)
}

// grouped renders a count with commas: "60,000".
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// counted renders a count with its noun: "1 test", "16 tests".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(n) + " " + noun + "s"
}
