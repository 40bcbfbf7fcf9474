package deploy_test

import (
	"net/http"
	"strings"
	"testing"

	"isle/expr"
	"isle/internal/arm"
)

// TestWhatIsExcusedWasNotTried: a refusal that may be only for now changes nothing of what
// would be stored, so the resource is named among those that were not tried.
func TestWhatIsExcusedWasNotTried(t *testing.T) {
	w := newWorld(t)
	w.want(t, http.MethodPut, things+"same", `{"location":"here","properties":{"note":"n"}}`, 201)
	body, err := expr.ParseJSON([]byte(request(`"resources":[` + strings.Join([]string{
		thingOf("new", "", ""), thingOf("read", `"new"`, `"note":"[reference('new').note]"`), thingOf("a", `"read"`, `"refuse":true`), thingOf("same", "", `"note":"m"`)}, ",") + `]`)))
	if err != nil {
		t.Fatal(err)
	}
	id, err := arm.ParseID(group)
	if err != nil {
		t.Fatal(err)
	}
	late, err := w.provider.Try(t.Context(), &arm.Request{Principal: arm.Principal{ID: "o"}, Now: w.now}, id, body, arm.Looks{})
	if got := strings.Join(late, " "); err != nil || got != things+"read "+things+"a" {
		t.Errorf("%s %v", got, err)
	}
}

// TestTooMuchIsNotTried: all others wait for the transaction of what is tried.
func TestTooMuchIsNotTried(t *testing.T) {
	w := newWorld(t)
	nested := make([]string, 6)
	for i := range nested {
		name := "n" + string(rune('a'+i))
		nested[i] = strings.Replace(inner(name, "", `{"type":"Test.Things/things","apiVersion":"2024-01-01","name":"[concat('`+name+`', copyIndex())]","location":"here","copy":{"name":"c","count":800},"properties":{}}`),
			`"mode"`, `"expressionEvaluationOptions":{"scope":"inner"},"mode"`, 1)
	}
	status, v := w.call(http.MethodPost, deployments+"d/validate", request(`"resources":[`+strings.Join(nested, ",")+`]`))
	if status != http.StatusBadRequest || !strings.Contains(string(v.JSON()), "DeploymentTooLarge") {
		t.Errorf("%d %.300s", status, v.JSON())
	}
}
