package audit

// Report is one audit: its JSON fields are those of CONTRACT.md §4. A pointer that is nil (JSON null) means "not
// evaluable"; no field is ever NaN or infinite.
type Report struct {
	Membership string         `json:"membership"` // Coins or Other
	Indicative bool           `json:"indicative"` // true: membership was not drawn by coins, every figure is indicative
	Attacks    []AttackResult `json:"attacks"`    // in catalog order
	BestAttack *AttackResult  `json:"best_attack"`
	Bounds     Bounds         `json:"bounds"`
	Controls   Controls       `json:"controls"`
	Verdict    Verdict        `json:"verdict"`
	Reason     string         `json:"verdict_reason"` // one sentence: the rule that decided
	Groups     []Group        `json:"groups"`
	Alarms     []string       `json:"alarms,omitempty"` // plain sentences: a control failed, an AUC is clearly under ½
}

// Values of Report.Membership.
const (
	Coins = "coins" // each unit of the pool entered by an independent fair coin
	Other = "other" // anything else, for instance training set against test set
)

// AttackResult is what one attack achieved. The AUC counts ties ½.
type AttackResult struct {
	Name       string             `json:"name"`
	Tier       int                `json:"tier"`
	Fitted     bool               `json:"fitted"` // its score was fitted on membership: it never feeds a bound
	Members    int                `json:"members"`
	Nonmembers int                `json:"nonmembers"`
	AUC        float64            `json:"auc"`
	AUCLow     float64            `json:"auc_low"` // DeLong, logit scale
	AUCHigh    float64            `json:"auc_high"`
	Level      float64            `json:"level"`     // of this interval, alone
	Advantage  float64            `json:"advantage"` // max TPR − FPR, in [0, 1]; a maximum over thresholds, so biased upward
	TPRAtFPR   map[string]TPR     `json:"tpr_at_fpr"`
	PPV        map[string]float64 `json:"ppv"`                  // prior → posterior at the threshold of FPR .01
	Correction string             `json:"correction,omitempty"` // of best_attack only: how having chosen it is paid for
}

// TPR is the true-positive rate at a fixed false-positive rate, with its Clopper–Pearson interval.
type TPR struct {
	TPR        float64 `json:"tpr"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	Resolvable bool    `json:"resolvable"` // false if n0·FPR < 10: too few non-members to place the threshold
}

// Bounds joins what was shown from below with what the claim allows from above.
type Bounds struct {
	EpsilonLower      *float64           `json:"epsilon_lower"` // null: not evaluable
	Confidence        float64            `json:"confidence"`    // of epsilon_lower, all tests together
	Delta             float64            `json:"delta"`         // δ at which epsilon_lower holds
	DetectableEpsilon *float64           `json:"detectable_epsilon"`
	LargestEpsilon    *float64           `json:"largest_epsilon"`    // had every guess been right
	PValue            *float64           `json:"p"`                  // of the claim, corrected
	Method            string             `json:"method"`             // estimator, score and guessing rule of epsilon_lower
	Tests             int                `json:"tests"`              // Bonferroni count
	AUCCeiling        *float64           `json:"auc_ceiling"`        // null: no claim
	AdvantageCeiling  *float64           `json:"advantage_ceiling"`  //
	TPRCeiling        *float64           `json:"tpr_ceiling"`        // at FPR .001
	TPRCeilingAtFPR   map[string]float64 `json:"tpr_ceiling_at_fpr"` // FPR → ceiling
	Posterior         map[string]float64 `json:"posterior"`          // prior → what a suspicion can become at most
	Indicative        *Indication        `json:"indicative"`         // estimates that never drive a verdict
}

// Indication holds estimates without proof: pooled over records, at the threshold of greatest advantage, which was
// chosen on the same data. They tell where to look; they never enter epsilon_lower or the verdict.
type Indication struct {
	Attack                string  `json:"attack"`
	ClopperPearsonEpsilon float64 `json:"clopper_pearson_epsilon"`
	GDPMu                 float64 `json:"gdp_mu"`      // assuming a Gaussian trade-off
	GDPEpsilon            float64 `json:"gdp_epsilon"` // of gdp_mu at the same δ; 0 if δ = 0 leaves it undefined
}

// Controls of the audit itself. A nil control did not run.
type Controls struct {
	Negative *Control `json:"negative,omitempty"` // non-members against non-members
	SameLaw  *Control `json:"same_law,omitempty"` // members against non-members, model as before training
	Positive *Control `json:"positive,omitempty"` // a model that must be caught
}

// Control is the worst of the attacks in a control, with the interval that must cover ½ (positive: must lie above).
type Control struct {
	Attack  string  `json:"attack"`
	AUC     float64 `json:"auc"`
	AUCLow  float64 `json:"auc_low"`
	AUCHigh float64 `json:"auc_high"`
	Level   float64 `json:"level"` // of all the attacks together
	OK      bool    `json:"ok"`
}

// Group is one slice of the pool. In a suppressed group (under 10 units) only Size is told.
type Group struct {
	By             string   `json:"by"` // "class"
	Name           string   `json:"name"`
	Size           int      `json:"size"`
	Suppressed     bool     `json:"suppressed"`
	Accuracy       *float64 `json:"accuracy"` // on the group's non-members: what the model does on the unseen
	MemberAccuracy *float64 `json:"member_accuracy"`
	AUC            *float64 `json:"auc"` // of best_attack; null with fewer than 2 on one side
	AUCLow         *float64 `json:"auc_low"`
	AUCHigh        *float64 `json:"auc_high"`
	P              *float64 `json:"p"`      // Mann–Whitney, two-sided: AUC = ½ here
	PHolm          *float64 `json:"p_holm"` // over the groups
}

// Verdict is the outcome of an audit in words; Decide gives it.
type Verdict string

// The verdicts.
const (
	NoGuarantee  Verdict = "no guarantee"
	Violation    Verdict = "violation"
	Consistent   Verdict = "consistent"
	Inconclusive Verdict = "inconclusive"
	NotEvaluable Verdict = "not evaluable"
)
