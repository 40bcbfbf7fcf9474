package account

import (
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/wdl"
)

func batchKind() *kind {
	return &kind{
		segment: "batchConfigurations", model: "BatchConfigurationProperties", missing: "IntegrationAccountBatchConfigurationNotFound",
		most: perSKU{free: 5, basic: 1, standard: 50}, single: true, check: checkBatch,
	}
}

// checkBatch holds the criteria to the rules of a Batch trigger (wdl-semantics §10.6).
func checkBatch(d *draft, found *arm.Found) {
	if d.text("batchGroupName") == "" {
		found.Add("InvalidRequestContent", "properties.batchGroupName", "The name of the batch group is empty. Give DEFAULT, or a name of your own.")
	}
	criteria, _ := d.properties.Get("releaseCriteria")
	if criteria.Kind() != expr.KindObject {
		return
	}
	_, problems := wdl.ReleaseCriteria(d.name, criteria, wdl.Options{})
	for _, p := range problems {
		target := "properties.releaseCriteria" + strings.ReplaceAll(p.Pointer, "/", ".")
		found.Add("InvalidRequestContent", target, "%s", wdl.Problems{p}.Error())
	}
}
