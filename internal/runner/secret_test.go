package runner

import (
	"net/http"
	"strings"
	"testing"

	"isle/expr"
)

// What is recorded of a call that has ended holds no secret; see connector.Sanitise
// for those under way.
func TestSecretsOfCallsStayOutOfHistories(t *testing.T) {
	const planted = "pl4nted-s3cret"
	arrived, release := make(chan struct{}), make(chan struct{})
	g := newTarget(t, func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != planted {
			t.Errorf("the call was made with %q", password)
		}
		close(arrived)
		<-release
	})
	w := newWorld(t)
	d := w.library.deploy(t, "secret", "", `{"Get":{"type":"Http","inputs":{"method":"GET","uri":"`+g.URL+`/?sig=`+planted+`","headers":{"Cookie":"a"},"cookie":"`+planted+`","authentication":{"type":"Basic","username":"u","password":"`+planted+`"}},"runAfter":{}}}`)
	s := w.start(t, d, `{}`, false)
	<-arrived
	close(release)
	w.finished(t, s.RunID)
	for _, r := range w.records(t, s.RunID) {
		for _, v := range []expr.Value{r.Inputs, r.Outputs} {
			if strings.Contains(string(v.JSON()), planted) {
				t.Errorf("%s: %s", r.Action, v.JSON())
			}
		}
	}
	if r := w.record(t, s.RunID, "Get"); !strings.Contains(string(r.Inputs.JSON()), "*sanitized*") {
		t.Errorf("%s", r.Inputs.JSON())
	}
}
