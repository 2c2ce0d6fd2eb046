package accountant

import (
	"encoding/json"
	"fmt"

	"hush/internal/check"
)

// formatVersion is the version of the JSON form of Spending. Files of another version are refused.
const formatVersion = 1

// maxCount bounds the releases of a spending: 2⁵³, the largest count up to which all are exact float64 values.
const maxCount = 1 << 53

// Charge is an event and how often it happened.
type Charge struct {
	Event Event
	Count int64
}

// Spending is a sequence of releases, run-length encoded: adaptive composition, in which each mechanism may depend on
// what the earlier ones released, but its parameters were fixed beforehand.
type Spending []Charge

// Add returns s followed by n times e, merged with the last charge if that is the same event. s itself stays as it
// is. A negative n or a total that is too large is kept as given; whoever asks what was spent gets the error.
func (s Spending) Add(e Event, n int64) Spending {
	if n == 0 {
		return s
	}
	out := append(Spending(nil), s...)
	if k := len(out) - 1; k >= 0 && out[k].Event == e && n > 0 && out[k].Count > 0 && n <= maxCount-out[k].Count {
		out[k].Count += n
		return out
	}
	return append(out, Charge{e, n})
}

// Steps returns the number of releases. Check has refused what would overflow.
func (s Spending) Steps() int64 {
	var total int64
	for _, c := range s {
		total += c.Count
	}
	return total
}

// Check refuses a missing event, parameters that describe no release, a negative count, and more than 2⁵³ releases.
func (s Spending) Check() error {
	var total int64
	for _, c := range s {
		if c.Event == nil {
			return check.Fail("accountant", "event", "missing", "must be one of the catalog")
		}
		if err := c.Event.Check(); err != nil {
			return err
		}
		if err := checkCount(c.Count); err != nil {
			return err
		}
		if total += c.Count; total > maxCount {
			return checkCount(total)
		}
	}
	return nil
}

// checkCount refuses a number of releases outside [0, 2⁵³].
func checkCount(n int64) error {
	if n >= 0 && n <= maxCount {
		return nil
	}
	return check.Fail("accountant", "steps", n, fmt.Sprintf("must be between 0 and %d (2^53)", int64(maxCount)))
}

// compose is the only place where costs are added up: Σ count·cost(event). An infinite cost stays infinite.
func (s Spending) compose(cost func(Event) float64) float64 {
	total := 0.0
	for _, c := range s {
		total += float64(c.Count) * cost(c.Event)
	}
	return total
}

// merged returns one charge per different event, in order of first appearance, without those that never happened.
func (s Spending) merged() Spending {
	at := make(map[Event]int, len(s))
	out := make(Spending, 0, len(s))
	for _, c := range s {
		if c.Count == 0 {
			continue
		}
		if k, seen := at[c.Event]; seen {
			out[k].Count += c.Count
			continue
		}
		at[c.Event] = len(out)
		out = append(out, c)
	}
	return out
}

// spendingJSON and chargeJSON are the file form: {"version":1,"charges":[{"event":{"kind":…},"count":…}]}.
type spendingJSON struct {
	Version int          `json:"version"`
	Charges []chargeJSON `json:"charges"`
}

type chargeJSON struct {
	Event json.RawMessage `json:"event"`
	Count int64           `json:"count"`
}

// MarshalJSON writes the version and every charge.
func (s Spending) MarshalJSON() ([]byte, error) {
	out := spendingJSON{Version: formatVersion, Charges: make([]chargeJSON, len(s))}
	for i, c := range s {
		event, err := EncodeEvent(c.Event)
		if err != nil {
			return nil, err
		}
		out.Charges[i] = chargeJSON{event, c.Count}
	}
	return json.Marshal(out)
}

// UnmarshalJSON is DecodeSpending for encoding/json.
func (s *Spending) UnmarshalJSON(data []byte) error {
	v, err := DecodeSpending(data)
	if err != nil {
		return err
	}
	*s = v
	return nil
}

// DecodeSpending reads what MarshalJSON wrote. It refuses another version, an unknown field or kind of event, and
// whatever Check refuses: nothing that comes from a file is believed.
func DecodeSpending(data []byte) (Spending, error) {
	var in spendingJSON
	if err := decodeStrict(data, &in); err != nil {
		return nil, fmt.Errorf("accountant: spending: %w", err)
	}
	if in.Version != formatVersion {
		return nil, check.Fail("accountant", "version of the spending", in.Version, fmt.Sprintf("must be %d", formatVersion))
	}
	s := make(Spending, 0, len(in.Charges))
	for _, c := range in.Charges {
		event, err := DecodeEvent(c.Event)
		if err != nil {
			return nil, err
		}
		s = append(s, Charge{event, c.Count})
	}
	if err := s.Check(); err != nil {
		return nil, err
	}
	return s, nil
}
