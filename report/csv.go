package report

import (
	"bytes"
	"encoding/csv"
	"strconv"

	"hush/run"
)

// csvHeader names the columns of the CSV: one line per model. Figures are not rounded; one that does not exist is
// empty, an infinite ε is "inf".
var csvHeader = [...]string{
	"run", "model", "data", "net", "unit", "guarantee", "epsilon", "delta", "test_accuracy", "baseline_accuracy",
	"train_accuracy", "attack", "auc", "auc_low", "auc_high", "advantage", "auc_ceiling", "advantage_ceiling",
	"indicative", "verdict",
}

// writeCSV writes one line per model.
func writeCSV(b *bytes.Buffer, r *run.Result, _ Options) error {
	w := csv.NewWriter(b)
	if err := w.Write(csvHeader[:]); err != nil {
		return err
	}
	for _, m := range rows(r) {
		epsilon := "inf"
		if m.epsilon != nil {
			epsilon = exact(m.epsilon)
		}
		line := []string{
			r.Run, m.model, r.Data.Name, r.Net.Name, unit(r), strconv.FormatBool(m.held), epsilon, exact(m.delta),
			exact(m.test), exact(m.baseline), exact(m.train),
		}
		if a := m.attack; a != nil {
			line = append(line, a.Name, exact(&a.AUC), exact(&a.AUCLow), exact(&a.AUCHigh), exact(&a.Advantage))
		} else {
			line = append(line, "", "", "", "", "")
		}
		line = append(line, exact(m.ceiling), exact(m.advantage), strconv.FormatBool(r.Indicative), string(m.verdict))
		if err := w.Write(line); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// exact renders a figure so that reading it gives the same bits; nil is empty.
func exact(x *float64) string {
	if x == nil {
		return ""
	}
	return strconv.FormatFloat(*x, 'g', -1, 64)
}
