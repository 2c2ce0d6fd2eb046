package report_test

import (
	"os"

	"hush/report"
	"hush/run"
)

// The table of a run that was trained, but not attacked.
func ExampleWrite() {
	epsilon, delta, accuracy := 2.9985, 1e-4, .9287
	r := &run.Result{
		Data:    run.Data{Name: "digits"},
		Net:     run.Net{Name: "linear", Parameters: 650},
		Privacy: run.Privacy{Guarantee: true, Unit: "record", Epsilon: &epsilon, Delta: &delta},
		Utility: run.Utility{TestAccuracy: &accuracy},
	}
	if err := report.Write(os.Stdout, "csv", r, report.Options{}); err != nil {
		os.Exit(1)
	}
	// Output:
	// run,model,data,net,unit,guarantee,epsilon,delta,test_accuracy,baseline_accuracy,train_accuracy,attack,auc,auc_low,auc_high,advantage,auc_ceiling,advantage_ceiling,indicative,verdict
	// ,private,digits,linear,record,true,2.9985,0.0001,0.9287,,,,,,,,,,false,
}
