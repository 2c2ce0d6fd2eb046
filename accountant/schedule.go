package accountant

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// maxLines bounds a schedule: more stages than steps that anyone trains.
const maxLines = 1_000_000

// ParseSchedule reads a schedule of training stages, one a line as noise_multiplier,sample_rate,steps. Empty lines, lines
// that begin with # and one heading with these three names are skipped. An error names the line.
func ParseSchedule(r io.Reader) (Spending, error) {
	var s Spending
	scan := bufio.NewScanner(r)
	for line := 1; scan.Scan(); line++ {
		text := strings.TrimSpace(scan.Text())
		if text == "" || strings.HasPrefix(text, "#") || len(s) == 0 && strings.ReplaceAll(text, " ", "") == "noise_multiplier,sample_rate,steps" {
			continue
		}
		if line > maxLines {
			return nil, fmt.Errorf("accountant: schedule has more than %d lines", maxLines)
		}
		c, err := parseStage(text)
		if err != nil {
			return nil, fmt.Errorf("accountant: schedule, line %d: %w", line, err)
		}
		s = append(s, c)
	}
	if err := scan.Err(); err != nil {
		return nil, fmt.Errorf("accountant: schedule: %w", err)
	}
	if len(s) == 0 {
		return nil, fmt.Errorf("accountant: schedule has no stage, must have lines noise_multiplier,sample_rate,steps")
	}
	return s, s.Check()
}

func parseStage(text string) (Charge, error) {
	parts := strings.Split(text, ",")
	if len(parts) != 3 {
		return Charge{}, fmt.Errorf("%q has %d fields, must be noise_multiplier,sample_rate,steps", text, len(parts))
	}
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	sigma, err := strconv.ParseFloat(parts[0], 64)
	if err != nil {
		return Charge{}, fmt.Errorf("noise multiplier is %q, must be a number", parts[0])
	}
	rate, err := ParseRate(parts[1])
	if err != nil {
		return Charge{}, err
	}
	steps, err := ParseSteps(parts[2])
	if err != nil {
		return Charge{}, err
	}
	return Charge{SampledGaussian{rate, sigma}, steps}, (Spending{{SampledGaussian{rate, sigma}, steps}}).Check()
}

// ParseRate reads a sample rate as a number or as a fraction of two, such as 256/60000. That it lies in (0, 1] is for
// the event to check.
func ParseRate(text string) (float64, error) {
	over, under, fraction := strings.Cut(text, "/")
	a, err := strconv.ParseFloat(strings.TrimSpace(over), 64)
	b := 1.0
	if err == nil && fraction {
		b, err = strconv.ParseFloat(strings.TrimSpace(under), 64)
	}
	if err != nil {
		return 0, fmt.Errorf("sample rate is %q, must be a number or a fraction such as 256/60000", text)
	}
	return a / b, nil
}

// ParseSteps reads a whole number of steps. That it lies in [0, 2⁵³] is for Spending to check.
func ParseSteps(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("steps is %q, must be a whole number", text)
	}
	return n, nil
}
